package dev.vernacular.checkpoint.hf;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vernacular.checkpoint.NormScale;
import dev.vernacular.checkpoint.StoredTensor;
import dev.vernacular.checkpoint.megatron.MegatronNames;
import dev.vernacular.files.AtomicFile;
import dev.vernacular.files.Folders;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.model.GptConfig;
import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.tokenizer.TokenizerFiles;
import dev.vernacular.tokenizer.Vocabulary;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Writes a model as a Hugging Face GPT-2 folder that `transformers` loads: the same numbers in another order,
/// but for layernorm1p, whose weights get their one added.
public final class HuggingFaceWriter {
    private static final String CONFIG = "config.json";

    private HuggingFaceWriter() {}

    /// @param config  of the model, with as many token rows as the tensors have
    /// @param tensors every parameter once
    /// @throws HuggingFaceException if GPT-2 cannot express the model, naming the option
    /// @throws dev.vernacular.files.FilesException if a file exists and `force` is false, or cannot be written;
    ///   the folder is then as it was
    public static void write(
            Path folder,
            GptConfig config,
            Optional<TokenizerFiles> tokenizer,
            List<StoredTensor> tensors,
            boolean force) {
        write(folder, config, tokenizer, tensors, force, Shards.LARGEST);
    }

    /// As [#write(Path, GptConfig, Optional, List, boolean)], with weights in files of at most `shardBytes` bytes
    /// of tensors, if they need more than one.
    public static void write(
            Path folder,
            GptConfig config,
            Optional<TokenizerFiles> tokenizer,
            List<StoredTensor> tensors,
            boolean force,
            long shardBytes) {
        refuseUnsupported(config);
        AtomicFile.refuseToReplace(folder.resolve(CONFIG), force);
        Shards.refuseToReplace(folder, force);
        Map<String, StoredTensor> byName = new LinkedHashMap<>();
        tensors.forEach(tensor -> byName.put(tensor.name(), tensor));
        List<StoredTensor> theirs = new ArrayList<>();
        for (String name : MegatronNames.inModuleOrder(config)) {
            theirs.add(theirs(byName.get(name), config));
        }
        Optional<Tokenizer> loaded = tokenizer.map(Tokenizer::of);
        loaded.ifPresent(found -> Tokenizer.refuseToReplace(folder, force));
        Shards shards = Shards.of(theirs, shardBytes);
        Folders.write(folder, beside -> writeFiles(beside, config, loaded, shards));
        shards.deleteOthers(folder);
    }

    private static void writeFiles(Path folder, GptConfig config, Optional<Tokenizer> tokenizer, Shards shards) {
        tokenizer.ifPresent(found -> writeTokenizer(folder, found, config.maxPositions()));
        shards.write(folder);
        int endOfText = tokenizer.map(Tokenizer::endOfText).orElse(-1);
        writeJson(folder.resolve(CONFIG), HuggingFaceConfig.json(config, shards.dtype(), endOfText));
        writeJson(folder.resolve("generation_config.json"), HuggingFaceConfig.generation(endOfText));
    }

    private static void writeTokenizer(Path folder, Tokenizer tokenizer, int maxPositions) {
        tokenizer.save(folder, false);
        Map<String, Object> special = new LinkedHashMap<>();
        if (tokenizer.endOfText() >= 0) {
            for (String role : List.of("bos_token", "eos_token", "unk_token")) {
                special.put(role, Vocabulary.END_OF_TEXT);
            }
        }
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("add_prefix_space", false);
        json.put("model_max_length", maxPositions);
        // transformers gives its GPT-2 classes GPT-2's pre-tokenizer, whatever tokenizer.json says.
        boolean isGpt2 = tokenizer.preTokenizer().equals("gpt2");
        json.put("tokenizer_class", isGpt2 ? "GPT2Tokenizer" : "PreTrainedTokenizerFast");
        json.putAll(special);
        writeJson(folder.resolve("tokenizer_config.json"), json);
        writeJson(folder.resolve("special_tokens_map.json"), special);
    }

    private static void refuseUnsupported(GptConfig config) {
        require(!config.usesRope(), "position_embedding_type is rope", "learned_absolute");
        require(config.hasBias(), "bias is false", "true");
        require(
                config.attentionSize() == config.hiddenSize(),
                "kv_channels is " + config.headSize(),
                "hidden_size / num_attention_heads");
    }

    private static void require(boolean isSupported, String option, String supported) {
        if (!isSupported) {
            throw new HuggingFaceException(
                    option + ", which a Hugging Face GPT-2 does not have\n  It needs: " + supported);
        }
    }

    private static StoredTensor theirs(StoredTensor ours, GptConfig config) {
        return new Exported(
                HuggingFaceNames.of(ours.name()),
                NormScale.of(ours, config),
                HuggingFaceNames.isTransposed(ours.name()));
    }

    /// A tensor under its other name, turned where Conv1D wants it so.
    private record Exported(String name, StoredTensor source, boolean isTransposed) implements StoredTensor {
        @Override
        public Dtype dtype() {
            return source.dtype();
        }

        @Override
        public long[] shape() {
            long[] shape = source.shape();
            return isTransposed ? new long[] {shape[1], shape[0]} : shape;
        }

        @Override
        public void read(MemorySegment into) {
            if (!isTransposed) {
                source.read(into);
                return;
            }
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment original = arena.allocate(byteSize(), 64);
                source.read(original);
                Transpose.apply(original, into, source.shape()[0], source.shape()[1], dtype().bytes());
            }
        }

        @Override
        public void readRows(long first, MemorySegment into) {
            if (isTransposed) {
                StoredTensor.super.readRows(first, into);
            } else {
                source.readRows(first, into);
            }
        }

        @Override
        public boolean readsRows() {
            return !isTransposed && source.readsRows();
        }
    }

    static void writeJson(Path file, Map<String, Object> json) {
        try {
            String text = new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(json);
            AtomicFile.write(file, (text + "\n").getBytes(StandardCharsets.UTF_8));
        } catch (JsonProcessingException e) {
            throw new AssertionError("a configuration that is no JSON", e);
        }
    }
}
