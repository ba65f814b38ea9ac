package dev.vernacular.checkpoint;

import dev.vernacular.kernels.Dtype;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The golden checkpoints and what an independent reader says is in them.
public final class Golden {
    private Golden() {}

    /// What is known of one tensor.
    public record Expected(String name, String dtype, long[] shape, double sum, double norm, double weighted) {}

    public static Path path(String name) {
        try {
            return Path.of(
                    Golden.class.getResource("/golden/checkpoint/" + name).toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    public static List<Expected> expected(String archive) {
        try {
            return Files.readAllLines(path("sums.txt")).stream()
                    .map(line -> line.split(" "))
                    .filter(columns -> columns[0].equals(archive))
                    .map(columns -> new Expected(
                            columns[1],
                            columns[2],
                            List.of(columns[3].split(",")).stream()
                                    .mapToLong(Long::parseLong)
                                    .toArray(),
                            Double.parseDouble(columns[4]),
                            Double.parseDouble(columns[5]),
                            Double.parseDouble(columns[6])))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// All tensors of a model as float32.
    public static Map<String, float[]> values(Path path) {
        try (ModelFile model = ModelFile.open(path)) {
            Map<String, float[]> values = new LinkedHashMap<>();
            model.tensors().forEach(tensor -> values.put(tensor.name(), values(tensor)));
            return values;
        }
    }

    public static float[] values(StoredTensor tensor) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment floats = arena.allocate(tensor.elements() * Float.BYTES);
            ConvertedTensor.of(tensor, Dtype.F32).read(floats);
            return floats.toArray(ValueLayout.JAVA_FLOAT);
        }
    }
}
