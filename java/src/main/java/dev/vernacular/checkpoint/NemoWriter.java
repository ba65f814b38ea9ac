package dev.vernacular.checkpoint;

import dev.vernacular.checkpoint.archive.TarWriter;
import dev.vernacular.checkpoint.megatron.MegatronNames;
import dev.vernacular.checkpoint.megatron.QkvOrder;
import dev.vernacular.checkpoint.torch.TorchDtype;
import dev.vernacular.checkpoint.torch.TorchStorage;
import dev.vernacular.checkpoint.torch.TorchTensor;
import dev.vernacular.checkpoint.torch.TorchWriter;
import dev.vernacular.config.ModelSection;
import dev.vernacular.config.Yaml;
import dev.vernacular.files.AtomicFile;
import dev.vernacular.model.GptConfig;
import dev.vernacular.model.ParameterLayout;
import dev.vernacular.tokenizer.TokenizerFiles;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Writes `.nemo` files that NeMo restores: one plain tar with the configuration, the tokenizer and the weights
/// of a single rank. One tensor is in memory at a time; the same model gives the same bytes.
public final class NemoWriter {
    private NemoWriter() {}

    /// Writes with NeMo's own (legacy) tensor names, which every release reads.
    ///
    /// @param section   of the model; its parallel sizes become 1 and its tokenizer's names those in the
    ///                  archive
    /// @param tokenizer what the archive carries; without one, the section's file names are dropped
    /// @param tensors   every parameter of the model once, in any order, each in the type it is to be stored in
    /// @throws dev.vernacular.files.FilesException if `target` exists and `force` is false, or cannot be
    ///   written; it is then as it was
    /// @throws CheckpointException if a parameter is missing, twice there or of a wrong shape
    public static void write(
            Path target,
            ModelSection section,
            Optional<TokenizerFiles> tokenizer,
            List<StoredTensor> tensors,
            boolean force) {
        write(target, section, tokenizer, tensors, force, false);
    }

    /// As [#write(Path, ModelSection, Optional, List, boolean)], with megatron-core's tensor names if `isCore`.
    public static void write(
            Path target,
            ModelSection section,
            Optional<TokenizerFiles> tokenizer,
            List<StoredTensor> tensors,
            boolean force,
            boolean isCore) {
        AtomicFile.refuseToReplace(target, force);
        Map<String, StoredTensor> byName = byName(target, tensors);
        GptConfig config = checked(target, section, byName);
        NemoTokenizer artifacts = NemoTokenizer.of(tokenizer);
        ModelSection written = artifacts.name(singleRank(section, isCore));
        TorchWriter weights = TorchWriter.of(stateDict(config, byName, isCore));
        AtomicFile.write(target, channel -> writeArchive(channel, written, artifacts, weights));
    }

    private static void writeArchive(
            FileChannel channel, ModelSection section, NemoTokenizer tokenizer, TorchWriter weights)
            throws IOException {
        TarWriter tar = new TarWriter(channel);
        tar.folder("./");
        tar.file("./model_config.yaml", Yaml.write(section.asMap()).getBytes(StandardCharsets.UTF_8));
        for (Map.Entry<String, byte[]> file : tokenizer.files().entrySet()) {
            tar.file("./" + file.getKey(), file.getValue());
        }
        tar.file("./model_weights.ckpt", weights.byteSize(), weights::writeTo);
        tar.finish();
    }

    private static Map<String, StoredTensor> byName(Path target, List<StoredTensor> tensors) {
        Map<String, StoredTensor> byName = new HashMap<>();
        for (StoredTensor tensor : tensors) {
            if (byName.put(tensor.name(), tensor) != null) {
                throw new CheckpointException("cannot write " + target + ": " + tensor.name() + " is given twice");
            }
        }
        if (!byName.containsKey(ParameterLayout.WORD_EMBEDDINGS)) {
            throw new CheckpointException(
                    "cannot write " + target + ": no " + ParameterLayout.WORD_EMBEDDINGS + " is given");
        }
        return byName;
    }

    private static GptConfig checked(Path target, ModelSection section, Map<String, StoredTensor> byName) {
        GptConfig config = section.gptConfig(
                Math.toIntExact(byName.get(ParameterLayout.WORD_EMBEDDINGS).shape()[0]));
        ParameterLayout layout = new ParameterLayout(config);
        for (ParameterLayout.Parameter parameter : layout.parameters()) {
            StoredTensor tensor = byName.get(parameter.name());
            if (tensor == null || !Arrays.equals(tensor.shape(), parameter.shape())) {
                throw new CheckpointException(
                        "cannot write " + target + ": " + parameter.name() + " should have the shape "
                                + Arrays.toString(parameter.shape()) + ", it is "
                                + (tensor == null ? "missing" : Arrays.toString(tensor.shape())));
            }
        }
        byName.keySet().stream().filter(name -> !layout.has(name)).findFirst().ifPresent(name -> {
            throw new CheckpointException("cannot write " + target + ": the model has no parameter " + name);
        });
        return config;
    }

    /// The rows stay a multiple of what they were, whatever ranks the model was trained on.
    private static ModelSection singleRank(ModelSection section, boolean isCore) {
        ModelSection single = section.with("make_vocab_size_divisible_by", (long) section.vocabularyDivisor())
                .with("tensor_model_parallel_size", 1L)
                .with("pipeline_model_parallel_size", 1L)
                .with("mcore_gpt", isCore)
                .without("megatron_legacy");
        return section.get("target").isPresent()
                ? single
                : single.with(
                        "target", "nemo.collections.nlp.models.language_modeling.megatron_gpt_model.MegatronGPTModel");
    }

    private static Map<String, Object> stateDict(GptConfig config, Map<String, StoredTensor> byName, boolean isCore) {
        Map<String, Object> stateDict = new LinkedHashMap<>();
        for (String name : MegatronNames.inModuleOrder(config)) {
            StoredTensor tensor = byName.get(name);
            TorchStorage storage =
                    name.contains(ParameterLayout.QKV) ? new Interleaved(tensor, config.heads()) : new Plain(tensor);
            stateDict.put(
                    MegatronNames.key(name, isCore),
                    TorchTensor.of(TorchDtype.of(tensor.dtype()), tensor.shape(), storage));
        }
        return stateDict;
    }

    private record Plain(StoredTensor tensor) implements TorchStorage {
        @Override
        public long byteSize() {
            return tensor.byteSize();
        }

        @Override
        public void read(MemorySegment into) {
            tensor.read(into);
        }
    }

    /// Query, key and value rows in Megatron's order.
    private record Interleaved(StoredTensor tensor, int heads) implements TorchStorage {
        @Override
        public long byteSize() {
            return tensor.byteSize();
        }

        @Override
        public void read(MemorySegment into) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment ours = arena.allocate(byteSize(), 64);
                tensor.read(ours);
                new QkvOrder(heads, byteSize() / (3L * heads)).toMegatron(ours, into);
            }
        }
    }
}
