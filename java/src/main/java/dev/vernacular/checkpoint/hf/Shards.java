package dev.vernacular.checkpoint.hf;

import dev.vernacular.checkpoint.StoredTensor;
import dev.vernacular.files.AtomicFile;
import dev.vernacular.files.FilesException;
import dev.vernacular.kernels.Dtype;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// The safetensors files of a folder: one, or several of a limited size with an index that says which tensor is
/// in which.
///
/// @param files the tensors of each file, by its name
record Shards(Map<String, List<StoredTensor>> files) {
    /// As in transformers: 5 GB.
    static final long LARGEST = 5_000_000_000L;

    private static final String WHOLE = "model.safetensors";
    private static final String INDEX = WHOLE + ".index.json";
    private static final Pattern OURS = Pattern.compile("model(-\\d{5,}-of-\\d{5,})?\\.safetensors(\\.index\\.json)?");

    /// In their order, as many to a file as fit; a larger one has a file to itself.
    static Shards of(List<StoredTensor> tensors, long largest) {
        List<List<StoredTensor>> parts = new ArrayList<>();
        long size = 0;
        for (StoredTensor tensor : tensors) {
            if (parts.isEmpty() || size + tensor.byteSize() > largest) {
                parts.add(new ArrayList<>());
                size = 0;
            }
            parts.getLast().add(tensor);
            size += tensor.byteSize();
        }
        Map<String, List<StoredTensor>> files = new LinkedHashMap<>();
        for (int part = 0; part < parts.size(); part++) {
            String name =
                    parts.size() == 1 ? WHOLE : "model-%05d-of-%05d.safetensors".formatted(part + 1, parts.size());
            files.put(name, parts.get(part));
        }
        return new Shards(files);
    }

    /// Of the first tensor, the token table.
    Dtype dtype() {
        return files.values().iterator().next().getFirst().dtype();
    }

    void write(Path folder) {
        files.forEach((name, tensors) -> SafetensorsWriter.write(folder.resolve(name), tensors));
        if (files.size() == 1) {
            return;
        }
        Map<String, String> map = new TreeMap<>();
        files.forEach((name, tensors) -> tensors.forEach(tensor -> map.put(tensor.name(), name)));
        long bytes = files.values().stream()
                .flatMap(List::stream)
                .mapToLong(StoredTensor::byteSize)
                .sum();
        Map<String, Object> index = new LinkedHashMap<>();
        index.put("metadata", Map.of("total_size", bytes));
        index.put("weight_map", map);
        HuggingFaceWriter.writeJson(folder.resolve(INDEX), index);
    }

    /// @throws FilesException if `folder` has weights of any form and `force` is false
    static void refuseToReplace(Path folder, boolean force) {
        weightFiles(folder).forEach(file -> AtomicFile.refuseToReplace(file, force));
    }

    /// Weights of another form that were there before would be read instead of these, or as well.
    void deleteOthers(Path folder) {
        for (Path file : weightFiles(folder)) {
            String name = file.getFileName().toString();
            boolean isOurs = files.containsKey(name) || name.equals(INDEX) && files.size() > 1;
            try {
                if (!isOurs) {
                    Files.delete(file);
                }
            } catch (IOException e) {
                throw FilesException.writing(file, e);
            }
        }
    }

    private static List<Path> weightFiles(Path folder) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(
                            file -> OURS.matcher(file.getFileName().toString()).matches())
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw FilesException.reading(folder, e);
        }
    }
}
