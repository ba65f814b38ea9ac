package dev.vernacular.checkpoint.gguf;

import dev.vernacular.checkpoint.NormScale;
import dev.vernacular.checkpoint.StoredTensor;
import dev.vernacular.checkpoint.megatron.MegatronNames;
import dev.vernacular.files.AtomicFile;
import dev.vernacular.kernels.Activation;
import dev.vernacular.model.GptConfig;
import dev.vernacular.model.ParameterLayout;
import dev.vernacular.tokenizer.Tokenizer;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/// Writes a model as GGUF of the gpt2 architecture, for llama.cpp and its kin. Types are those of llama.cpp's own
/// conversion: vectors and the position table in float32, other matrices in the type they are given in, or
/// quantised. One tensor is in memory at a time.
public final class GgufWriter {
    private static final int ALIGNMENT = 32;
    private static final int QUANTIZATION_VERSION = 2;
    private static final String TABLE = GgufNames.of(ParameterLayout.WORD_EMBEDDINGS);
    private static final String POSITIONS = GgufNames.of(ParameterLayout.POSITION_EMBEDDINGS);

    private GgufWriter() {}

    /// Writes matrices in the type they are given in.
    ///
    /// @param tensors every parameter once
    /// @throws GgufException if the architecture cannot express the model, naming the option
    /// @throws dev.vernacular.files.FilesException if `file` exists and `force` is false, or cannot be written
    public static void write(
            Path file, GptConfig config, Tokenizer tokenizer, List<StoredTensor> tensors, boolean force) {
        write(file, config, tokenizer, tensors, force, Optional.empty());
    }

    /// As [#write(Path, GptConfig, Tokenizer, List, boolean)], with matrices in the type `matrices`, if it is
    /// given. What is float32 in every file is not rounded to it first. In Q8_0, matrices whose rows are no
    /// multiple of 32 are float16, as llama.cpp falls back.
    public static void write(
            Path file,
            GptConfig config,
            Tokenizer tokenizer,
            List<StoredTensor> tensors,
            boolean force,
            Optional<GgufType> matrices) {
        refuseUnsupported(config, tokenizer);
        AtomicFile.refuseToReplace(file, force);
        List<OutgoingTensor> theirs = theirs(config, tensors, matrices);
        GgufHeader header = new GgufHeader();
        putModel(header, config, matrices.orElse(tableType(theirs)));
        GgufTokenizer.put(header, tokenizer, config.paddedVocabularySize());
        long offset = 0;
        for (OutgoingTensor tensor : theirs) {
            header.tensor(
                    tensor.theirs(), tensor.source().shape(), tensor.type().code(), offset);
            offset = aligned(offset + tensor.byteSize());
        }
        byte[] start = header.bytes(ALIGNMENT);
        AtomicFile.write(file, channel -> {
            AtomicFile.writeAll(channel, ByteBuffer.wrap(start));
            for (OutgoingTensor tensor : theirs) {
                tensor.writeTo(channel);
                int padding = Math.toIntExact(aligned(tensor.byteSize()) - tensor.byteSize());
                AtomicFile.writeAll(channel, ByteBuffer.allocate(padding));
            }
        });
    }

    /// Whether [#write] leaves matrices of a model unquantised because their rows are not whole blocks.
    public static boolean hasRowsThatAreNoBlocks(GptConfig config) {
        int elements = GgufType.Q8_0.blockElements();
        return config.hiddenSize() % elements != 0 || config.ffnHiddenSize() % elements != 0;
    }

    /// A tied head is written out: older loaders ask for it.
    private static List<OutgoingTensor> theirs(
            GptConfig config, List<StoredTensor> tensors, Optional<GgufType> matrices) {
        Map<String, StoredTensor> byName =
                tensors.stream().collect(Collectors.toMap(StoredTensor::name, tensor -> tensor));
        List<String> names = new ArrayList<>(MegatronNames.inModuleOrder(config));
        if (config.isTied()) {
            names.add(ParameterLayout.HEAD);
            byName.put(ParameterLayout.HEAD, byName.get(ParameterLayout.WORD_EMBEDDINGS));
        }
        List<OutgoingTensor> theirs = new ArrayList<>();
        for (String name : names) {
            StoredTensor tensor = NormScale.of(byName.get(name), config);
            String theirName = GgufNames.of(name);
            theirs.add(new OutgoingTensor(theirName, type(theirName, tensor, matrices), tensor));
        }
        return theirs;
    }

    private static GgufType type(String theirs, StoredTensor tensor, Optional<GgufType> matrices) {
        if (tensor.shape().length == 1 || theirs.equals(POSITIONS)) {
            return GgufType.F32;
        }
        if (matrices.isPresent()) {
            boolean isWholeBlocks = tensor.shape()[1] % matrices.get().blockElements() == 0;
            return isWholeBlocks ? matrices.get() : GgufType.F16;
        }
        return switch (tensor.dtype()) {
            case F32 -> GgufType.F32;
            case F16 -> GgufType.F16;
            case BF16 -> GgufType.BF16;
            case F64, I8, I32 ->
                throw new GgufException("weights of type " + tensor.dtype() + " are not written\n  Use --dtype.");
        };
    }

    private static GgufType tableType(List<OutgoingTensor> tensors) {
        return tensors.stream()
                .filter(tensor -> tensor.theirs().equals(TABLE))
                .map(OutgoingTensor::type)
                .findFirst()
                .orElseThrow();
    }

    private static void putModel(GgufHeader header, GptConfig config, GgufType matrices) {
        header.text("general.architecture", "gpt2");
        header.text("general.name", "gpt2");
        header.number("general.file_type", matrices.fileType());
        if (matrices == GgufType.Q8_0) {
            header.number("general.quantization_version", QUANTIZATION_VERSION);
        }
        header.number("gpt2.context_length", config.maxPositions());
        header.number("gpt2.embedding_length", config.hiddenSize());
        header.number("gpt2.feed_forward_length", config.ffnHiddenSize());
        header.number("gpt2.block_count", config.layers());
        header.number("gpt2.attention.head_count", config.heads());
        header.decimal("gpt2.attention.layer_norm_epsilon", config.epsilon());
    }

    private static void refuseUnsupported(GptConfig config, Tokenizer tokenizer) {
        require(config.activation() == Activation.GELU_TANH, "the exact (erf) GELU", "the tanh form");
        require(!config.usesRope(), "position_embedding_type rope", "learned_absolute");
        require(config.hasBias(), "bias false", "true");
        require(config.scalesScores(), "normalize_attention_scores false", "true");
        require(
                config.attentionSize() == config.hiddenSize(),
                "kv_channels " + config.headSize(),
                "hidden_size / heads");
        require(tokenizer.size() <= config.paddedVocabularySize(), "more tokens than rows", "a row for each token");
    }

    private static void require(boolean isSupported, String option, String supported) {
        if (!isSupported) {
            throw new GgufException(
                    "the model has " + option + ", which gpt2 in GGUF does not have\n  It needs: " + supported);
        }
    }

    private static long aligned(long offset) {
        return (offset + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
}
