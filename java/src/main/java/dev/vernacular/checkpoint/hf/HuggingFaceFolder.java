package dev.vernacular.checkpoint.hf;

import com.fasterxml.jackson.databind.JsonNode;
import dev.vernacular.checkpoint.Gpt2Section;
import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.checkpoint.ModelFormat;
import dev.vernacular.checkpoint.StoredTensor;
import dev.vernacular.checkpoint.megatron.MegatronNames;
import dev.vernacular.config.ModelSection;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.model.GptConfig;
import dev.vernacular.model.ParameterLayout;
import dev.vernacular.tokenizer.TokenizerFiles;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/// Opens a GPT-2 in Hugging Face's form: `config.json`, weights in one or several files, and the tokenizer's
/// files.
public record HuggingFaceFolder(
        Path path,
        ModelSection section,
        GptConfig config,
        Optional<TokenizerFiles> tokenizer,
        List<StoredTensor> tensors,
        HuggingFaceWeights weights)
        implements ModelFile {
    private static final String TABLE = HuggingFaceNames.of(ParameterLayout.WORD_EMBEDDINGS);
    private static final String HEAD = HuggingFaceNames.of(ParameterLayout.HEAD);

    /// @param path the folder, or a `.safetensors` file in it
    /// @throws HuggingFaceException with what is wrong, naming file and key or tensor
    public static ModelFile open(Path path) {
        Path folder = Files.isDirectory(path) ? path : path.toAbsolutePath().getParent();
        if (!Files.isDirectory(path) && !Files.isRegularFile(folder.resolve("config.json"))) {
            throw new HuggingFaceException(
                    path + " is a safetensors file, or damaged; as a model it needs its config.json beside it");
        }
        JsonNode json = FolderFiles.json(folder.resolve("config.json"));
        HuggingFaceConfig.requireGpt2(json, folder.resolve("config.json").toString());
        HuggingFaceWeights weights = HuggingFaceWeights.open(path);
        try {
            return read(path, folder, json, weights);
        } catch (RuntimeException e) {
            weights.close();
            throw e;
        }
    }

    @Override
    public ModelFormat format() {
        return ModelFormat.HUGGING_FACE;
    }

    @Override
    public void close() {
        weights.close();
    }

    private static ModelFile read(Path path, Path folder, JsonNode json, HuggingFaceWeights weights) {
        Map<String, FileTensor> theirs = weights.tensors();
        FileTensor table = theirs.get(TABLE);
        if (table == null || table.shape().length != 2 || table.shape()[0] > Integer.MAX_VALUE) {
            throw new HuggingFaceException(path + " has no matrix " + TABLE + ": it is no GPT-2");
        }
        int rows = (int) table.shape()[0];
        Optional<TokenizerFiles> tokenizer = FolderFiles.tokenizer(folder);
        String label = folder.resolve("config.json").toString();
        ModelSection section = HuggingFaceConfig.section(json, label, Gpt2Section.divisor(rows, tokenizer), rows);
        GptConfig config = section.gptConfig(rows);
        if (config.layers() > theirs.size()) {
            throw new HuggingFaceException(
                    path + ": n_layer is " + config.layers() + ", but there are only " + theirs.size() + " tensors");
        }
        return new HuggingFaceFolder(path, section, config, tokenizer, tensors(path, config, theirs), weights);
    }

    private static List<StoredTensor> tensors(Path path, GptConfig config, Map<String, FileTensor> theirs) {
        ParameterLayout layout = new ParameterLayout(config);
        TreeSet<String> unknown = new TreeSet<>(theirs.keySet());
        List<StoredTensor> tensors = new ArrayList<>();
        for (String name : MegatronNames.inModuleOrder(config)) {
            tensors.add(tensor(path, name, layout.get(name).shape(), theirs));
            unknown.remove(HuggingFaceNames.of(name));
        }
        if (config.isTied() && unknown.remove(HEAD) && !theirs.get(HEAD).isSame(theirs.get(TABLE))) {
            throw new HuggingFaceException(path + ": " + HEAD + " differs from " + TABLE
                    + ", but tie_word_embeddings is true\n"
                    + "  Set it to false in config.json if the head is the model's own.");
        }
        if (!unknown.isEmpty()) {
            throw new HuggingFaceException(path + ": " + unknown.first() + " is in the weights, but a GPT-2 of "
                    + config.layers() + " layers with a " + (config.isTied() ? "tied" : "separate")
                    + " language head has no such tensor");
        }
        return List.copyOf(tensors);
    }

    private static StoredTensor tensor(Path path, String name, long[] shape, Map<String, FileTensor> theirs) {
        String theirName = HuggingFaceNames.of(name);
        FileTensor found = theirs.get(theirName);
        boolean isTransposed = HuggingFaceNames.isTransposed(name);
        long[] wanted = isTransposed ? new long[] {shape[1], shape[0]} : shape;
        if (found == null || !Arrays.equals(found.shape(), wanted)) {
            throw new HuggingFaceException(path + ": " + theirName + " should have the shape "
                    + Arrays.toString(wanted) + ", the file has "
                    + (found == null ? "no such tensor" : Arrays.toString(found.shape())));
        }
        Dtype dtype = found.dtype()
                .filter(some -> some != Dtype.I8 && some != Dtype.I32)
                .orElseThrow(() -> new HuggingFaceException(path + ": " + theirName + " is of type " + found.typeName()
                        + "; weights are in 16, 32 or 64 bits, floating"));
        StoredTensor imported = new Imported(name, theirName, dtype, wanted, found);
        return isTransposed ? new Transposed(imported) : imported;
    }

    /// A tensor under our name, as it is stored.
    private record Imported(String name, String theirName, Dtype dtype, long[] shape, FileTensor source)
            implements StoredTensor {
        @Override
        public void read(MemorySegment into) {
            readRows(0, into);
        }

        @Override
        public void readRows(long first, MemorySegment into) {
            source.readRows(first, into);
        }

        @Override
        public boolean readsRows() {
            return true;
        }

        @Override
        public void requireWhole() {
            source.requireWhole(theirName);
        }
    }
}
