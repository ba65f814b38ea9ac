package dev.vernacular.checkpoint.hf;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.checkpoint.ModelFormat;
import dev.vernacular.checkpoint.StoredTensor;
import dev.vernacular.checkpoint.hf.SafetensorsFile.SafeTensor;
import dev.vernacular.checkpoint.megatron.MegatronNames;
import dev.vernacular.config.ModelSection;
import dev.vernacular.files.FilesException;
import dev.vernacular.files.JsonProblem;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.model.GptConfig;
import dev.vernacular.model.ParameterLayout;
import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.tokenizer.TokenizerFiles;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/// Opens a GPT-2 in Hugging Face's form: `config.json`, one or several `.safetensors`, and the tokenizer's
/// files.
///
/// @param resources the mapped weight files
public record HuggingFaceFolder(
        Path path,
        ModelSection section,
        GptConfig config,
        Optional<TokenizerFiles> tokenizer,
        List<StoredTensor> tensors,
        List<Mapping> resources)
        implements ModelFile {
    /// A file that is mapped until it is closed.
    @FunctionalInterface
    interface Mapping {
        void close();
    }

    private static final long LARGEST_JSON = 256L << 20;
    private static final int LARGEST_DIVISOR = 128;

    /// @param path the folder, or a `.safetensors` file in it
    public static ModelFile open(Path path) {
        Path folder = Files.isDirectory(path) ? path : path.toAbsolutePath().getParent();
        JsonNode json = json(folder.resolve("config.json"));
        List<SafetensorsFile> files = new ArrayList<>();
        try {
            for (Path file : Files.isDirectory(path) ? weightFiles(folder) : List.of(path)) {
                files.add(SafetensorsFile.open(file));
            }
            return read(path, folder, json, files);
        } catch (RuntimeException e) {
            files.forEach(SafetensorsFile::close);
            throw e;
        }
    }

    @Override
    public ModelFormat format() {
        return ModelFormat.HUGGING_FACE;
    }

    @Override
    public void close() {
        resources.forEach(Mapping::close);
    }

    private static ModelFile read(Path path, Path folder, JsonNode json, List<SafetensorsFile> files) {
        Map<String, SafeTensor> byName = new HashMap<>();
        files.forEach(file -> file.tensors().forEach((name, tensor) -> {
            boolean isBare = !name.startsWith("transformer.") && !name.startsWith("lm_head.");
            byName.put(isBare ? "transformer." + name : name, tensor);
        }));
        Optional<TokenizerFiles> tokenizer = tokenizer(folder);
        SafeTensor table = byName.get("transformer.wte.weight");
        if (table == null || table.shape().length != 2 || table.shape()[0] > Integer.MAX_VALUE) {
            throw new HuggingFaceException(path + " has no transformer.wte.weight: it is no GPT-2");
        }
        int rows = (int) table.shape()[0];
        ModelSection section =
                HuggingFaceConfig.section(json, folder.resolve("config.json").toString(), divisor(rows, tokenizer));
        GptConfig config = section.gptConfig(rows);
        if (config.layers() > byName.size()) {
            throw new HuggingFaceException(
                    path + ": n_layer is " + config.layers() + ", but there are only " + byName.size() + " tensors");
        }
        ParameterLayout layout = new ParameterLayout(config);
        List<StoredTensor> tensors = new ArrayList<>();
        for (String name : MegatronNames.inModuleOrder(config)) {
            tensors.add(tensor(path, name, layout.get(name).shape(), byName));
        }
        return new HuggingFaceFolder(
                path,
                section,
                config,
                tokenizer,
                List.copyOf(tensors),
                files.stream().<Mapping>map(file -> file::close).toList());
    }

    private static StoredTensor tensor(Path path, String name, long[] shape, Map<String, SafeTensor> byName) {
        String theirs = HuggingFaceNames.of(name);
        SafeTensor found = byName.get(theirs);
        boolean isTransposed = HuggingFaceNames.isTransposed(name);
        long[] wanted = isTransposed ? new long[] {shape[1], shape[0]} : shape;
        if (found == null || !Arrays.equals(found.shape(), wanted)) {
            throw new HuggingFaceException(path + ": " + theirs + " should have the shape " + Arrays.toString(wanted)
                    + ", the file has " + (found == null ? "no such tensor" : Arrays.toString(found.shape())));
        }
        StoredTensor tensor = new Mapped(name, found.dtype(), shape, found.bytes(), isTransposed);
        if (found.bytes().byteSize() != tensor.byteSize()) {
            throw new HuggingFaceException(
                    path + ": " + theirs + " has " + found.bytes().byteSize() + " bytes, " + Arrays.toString(wanted)
                            + " of " + found.dtype() + " are " + tensor.byteSize());
        }
        return tensor;
    }

    private record Mapped(String name, Dtype dtype, long[] shape, MemorySegment bytes, boolean isTransposed)
            implements StoredTensor {
        @Override
        public void read(MemorySegment into) {
            if (isTransposed) {
                Transpose.apply(bytes, into, shape[1], shape[0], dtype.bytes());
            } else {
                into.copyFrom(bytes);
            }
        }
    }

    /// NeMo computes the number of rows from the tokenizer; the largest divisor that gives this file's number
    /// is taken.
    private static int divisor(int rows, Optional<TokenizerFiles> tokenizer) {
        int size = tokenizer.map(files -> Tokenizer.of(files).size()).orElse(rows);
        for (int divisor = LARGEST_DIVISOR; divisor > 1; divisor /= 2) {
            if ((size + divisor - 1) / divisor * divisor == rows) {
                return divisor;
            }
        }
        return size == rows ? 1 : rows;
    }

    private static List<Path> weightFiles(Path folder) {
        Path whole = folder.resolve("model.safetensors");
        Path index = folder.resolve("model.safetensors.index.json");
        if (Files.exists(whole)) {
            return List.of(whole);
        }
        if (!Files.exists(index)) {
            throw new HuggingFaceException(folder + " has no model.safetensors"
                    + (Files.exists(folder.resolve("pytorch_model.bin"))
                            ? "\n  Its pytorch_model.bin must be saved as safetensors with transformers first."
                            : ""));
        }
        TreeSet<String> names = new TreeSet<>();
        json(index).path("weight_map").forEach(name -> names.add(name.asText()));
        for (String name : names) {
            if (name.contains("/") || name.contains("\\") || name.startsWith(".")) {
                throw new HuggingFaceException(index + " names '" + name + "', which is no file of this folder");
            }
        }
        return names.stream().map(folder::resolve).toList();
    }

    private static Optional<TokenizerFiles> tokenizer(Path folder) {
        TokenizerFiles files = new TokenizerFiles(
                bytes(folder.resolve("vocab.json")),
                bytes(folder.resolve("merges.txt")),
                bytes(folder.resolve("tokenizer.json")));
        boolean isUsable =
                files.tokenizerJson().length > 0 || files.vocabJson().length > 0 && files.mergesTxt().length > 0;
        return isUsable ? Optional.of(files) : Optional.empty();
    }

    private static byte[] bytes(Path file) {
        if (!Files.isRegularFile(file)) {
            return new byte[0];
        }
        try {
            if (Files.size(file) > LARGEST_JSON) {
                throw new HuggingFaceException(
                        file + " has " + Files.size(file) + " bytes, the limit is " + LARGEST_JSON);
            }
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw FilesException.reading(file, e);
        }
    }

    private static JsonNode json(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new HuggingFaceException(file + " is missing\n  A Hugging Face model needs it beside its weights.");
        }
        try {
            return new ObjectMapper().readTree(bytes(file));
        } catch (JsonProcessingException e) {
            throw new HuggingFaceException(file + " is no JSON: " + JsonProblem.describe(e));
        } catch (IOException e) {
            throw FilesException.reading(file, e);
        }
    }
}
