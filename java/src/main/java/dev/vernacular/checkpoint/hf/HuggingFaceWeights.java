package dev.vernacular.checkpoint.hf;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// The weights of a Hugging Face model: one file, or several with an index that says which tensor is in which.
///
/// @param tensors by GPT-2's full names; masks that old files carry are left out
record HuggingFaceWeights(List<TensorFile> files, Map<String, FileTensor> tensors) implements AutoCloseable {
    private static final List<String> NAMES = List.of("model.safetensors", "pytorch_model.bin");
    private static final String INDEX = ".index.json";
    private static final String PREFIX = "transformer.";

    /// Safetensors go before `pytorch_model.bin`, one file before several, as in transformers.
    ///
    /// @param path a folder, or a `.safetensors` file
    /// @throws HuggingFaceException if there are none, a part is missing or a tensor is there twice
    static HuggingFaceWeights open(Path path) {
        HuggingFaceWeights weights = new HuggingFaceWeights(new ArrayList<>(), new HashMap<>());
        try {
            if (Files.isDirectory(path)) {
                weights.openFolder(path);
            } else {
                weights.add(path);
            }
            return weights;
        } catch (RuntimeException e) {
            weights.close();
            throw e;
        }
    }

    @Override
    public void close() {
        files.forEach(TensorFile::close);
    }

    private void openFolder(Path folder) {
        for (String name : NAMES) {
            Path whole = folder.resolve(name);
            Path index = folder.resolve(name + INDEX);
            if (Files.exists(whole)) {
                add(whole);
                return;
            }
            if (Files.exists(index)) {
                addParts(folder, index);
                return;
            }
        }
        throw new HuggingFaceException(folder + " has no weights: neither " + String.join(" nor ", NAMES)
                + ", whole or in parts with " + INDEX.substring(1));
    }

    private void addParts(Path folder, Path index) {
        Map<String, List<String>> tensorsOf = new TreeMap<>();
        JsonNode map = FolderFiles.json(index).path("weight_map");
        map.properties()
                .forEach(entry -> tensorsOf
                        .computeIfAbsent(entry.getValue().asText(), part -> new ArrayList<>())
                        .add(entry.getKey()));
        if (tensorsOf.isEmpty()) {
            throw new HuggingFaceException(index + " has no weight_map");
        }
        tensorsOf.forEach((part, names) -> {
            boolean isPlain = !part.contains("/") && !part.contains("\\") && !part.startsWith(".") && !part.isEmpty();
            if (!isPlain || !Files.isRegularFile(folder.resolve(part))) {
                throw new HuggingFaceException(index + " names '" + part + "', which is no file of this folder");
            }
            TensorFile file = add(folder.resolve(part));
            names.stream()
                    .filter(name -> !file.tensors().containsKey(name))
                    .findFirst()
                    .ifPresent(name -> {
                        throw new HuggingFaceException(
                                index + " has " + name + " in " + part + ", which does not hold it");
                    });
        });
    }

    private TensorFile add(Path path) {
        TensorFile file = path.toString().endsWith(".bin") ? TorchWeights.open(path) : SafetensorsFile.open(path);
        files.add(file);
        file.tensors().forEach((name, tensor) -> {
            boolean isBare = !name.startsWith(PREFIX) && !name.startsWith("lm_head.");
            String full = isBare ? PREFIX + name : name;
            if (!HuggingFaceNames.isIgnored(full) && tensors.put(full, tensor) != null) {
                throw new HuggingFaceException(path + ": " + name + " is in these weights twice");
            }
        });
        return file;
    }
}
