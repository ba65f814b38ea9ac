package dev.vernacular.checkpoint.gguf;

import dev.vernacular.checkpoint.ConvertedTensor;
import dev.vernacular.checkpoint.NormScale;
import dev.vernacular.checkpoint.StoredTensor;
import dev.vernacular.checkpoint.megatron.MegatronNames;
import dev.vernacular.files.AtomicFile;
import dev.vernacular.kernels.Activation;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.model.GptConfig;
import dev.vernacular.model.ParameterLayout;
import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.tokenizer.Vocabulary;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// Writes a model as GGUF of the gpt2 architecture, for llama.cpp and its kin: matrices in the type they are
/// given in, vectors in float32. One tensor is in memory at a time.
public final class GgufWriter {
    private static final int ALIGNMENT = 32;
    private static final int NORMAL_TOKEN = 1;
    private static final int CONTROL_TOKEN = 3;
    private static final int UNUSED_TOKEN = 5;

    private GgufWriter() {}

    /// @param tensors every parameter once
    /// @throws GgufException if the architecture cannot express the model, naming the option
    /// @throws dev.vernacular.files.FilesException if `file` exists and `force` is false, or cannot be written
    public static void write(
            Path file, GptConfig config, Tokenizer tokenizer, List<StoredTensor> tensors, boolean force) {
        refuseUnsupported(config, tokenizer);
        AtomicFile.refuseToReplace(file, force);
        Map<String, StoredTensor> theirs = theirs(config, tensors);
        GgufHeader header = new GgufHeader();
        putModel(header, config, fileType(theirs.get("token_embd.weight").dtype()));
        putTokenizer(header, tokenizer, config.paddedVocabularySize());
        long offset = 0;
        for (Map.Entry<String, StoredTensor> entry : theirs.entrySet()) {
            StoredTensor tensor = entry.getValue();
            header.tensor(entry.getKey(), tensor.shape(), typeCode(tensor.dtype()), offset);
            offset = aligned(offset + tensor.byteSize());
        }
        byte[] start = header.bytes(ALIGNMENT);
        AtomicFile.write(file, channel -> {
            AtomicFile.writeAll(channel, ByteBuffer.wrap(start));
            for (StoredTensor tensor : theirs.values()) {
                tensor.writeTo(channel);
                int padding = Math.toIntExact(aligned(tensor.byteSize()) - tensor.byteSize());
                AtomicFile.writeAll(channel, ByteBuffer.allocate(padding));
            }
        });
    }

    /// A tied head is written out: older loaders ask for it.
    private static Map<String, StoredTensor> theirs(GptConfig config, List<StoredTensor> tensors) {
        Map<String, StoredTensor> byName =
                tensors.stream().collect(Collectors.toMap(StoredTensor::name, tensor -> tensor));
        Map<String, StoredTensor> theirs = new LinkedHashMap<>();
        for (String name : MegatronNames.inModuleOrder(config)) {
            StoredTensor tensor = NormScale.of(byName.get(name), config);
            theirs.put(GgufNames.of(name), tensor.shape().length == 1 ? ConvertedTensor.of(tensor, Dtype.F32) : tensor);
        }
        if (config.isTied()) {
            theirs.put(GgufNames.of(ParameterLayout.HEAD), theirs.get(GgufNames.of(ParameterLayout.WORD_EMBEDDINGS)));
        }
        return theirs;
    }

    private static void putModel(GgufHeader header, GptConfig config, int fileType) {
        header.text("general.architecture", "gpt2");
        header.text("general.name", "gpt2");
        header.number("general.file_type", fileType);
        header.number("gpt2.context_length", config.maxPositions());
        header.number("gpt2.embedding_length", config.hiddenSize());
        header.number("gpt2.feed_forward_length", config.ffnHiddenSize());
        header.number("gpt2.block_count", config.layers());
        header.number("gpt2.attention.head_count", config.heads());
        header.decimal("gpt2.attention.layer_norm_epsilon", config.epsilon());
    }

    private static void putTokenizer(GgufHeader header, Tokenizer tokenizer, int rows) {
        Vocabulary vocabulary = tokenizer.vocabulary();
        Set<Integer> special = vocabulary.added().stream()
                .filter(Vocabulary.AddedToken::special)
                .map(Vocabulary.AddedToken::id)
                .collect(Collectors.toSet());
        List<String> tokens = new ArrayList<>(vocabulary.tokens());
        List<Integer> types = new ArrayList<>();
        for (int id = 0; id < rows; id++) {
            if (id < tokenizer.size()) {
                types.add(special.contains(id) || id == tokenizer.endOfText() ? CONTROL_TOKEN : NORMAL_TOKEN);
            } else {
                tokens.add("[PAD" + id + "]");
                types.add(UNUSED_TOKEN);
            }
        }
        header.text("tokenizer.ggml.model", "gpt2");
        header.text("tokenizer.ggml.pre", "gpt-2");
        header.texts("tokenizer.ggml.tokens", tokens);
        header.numbers("tokenizer.ggml.token_type", types);
        header.texts(
                "tokenizer.ggml.merges",
                vocabulary.merges().stream()
                        .map(merge -> merge.left() + " " + merge.right())
                        .toList());
        if (tokenizer.endOfText() >= 0) {
            header.number("tokenizer.ggml.bos_token_id", tokenizer.endOfText());
            header.number("tokenizer.ggml.eos_token_id", tokenizer.endOfText());
        }
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

    private static int typeCode(Dtype dtype) {
        return switch (dtype) {
            case F32 -> 0;
            case F16 -> 1;
            case BF16 -> 30;
            case F64, I8, I32 ->
                throw new GgufException("weights of type " + dtype + " are not written\n  Use --dtype.");
        };
    }

    private static int fileType(Dtype dtype) {
        return dtype == Dtype.BF16 ? 32 : typeCode(dtype);
    }

    private static long aligned(long offset) {
        return (offset + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
}
