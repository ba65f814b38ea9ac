package dev.vernacular.checkpoint;

import dev.vernacular.kernels.Dtype;
import dev.vernacular.model.ParameterLayout;
import dev.vernacular.model.ParameterLayout.Parameter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Between stored tensors and the flat float32 buffer a model computes on.
public final class ModelWeights {
    private ModelWeights() {}

    /// Fills `weights` from a model; the gaps between parameters are left as they are.
    ///
    /// @param weights float32, [ParameterLayout#elements()] of them, written
    /// @throws CheckpointException if a parameter is missing or of another shape
    public static void load(ModelFile model, ParameterLayout layout, MemorySegment weights) {
        Map<String, StoredTensor> byName = new HashMap<>();
        model.tensors().forEach(tensor -> byName.put(tensor.name(), tensor));
        for (Parameter parameter : layout.parameters()) {
            StoredTensor tensor = byName.get(parameter.name());
            if (tensor == null || !Arrays.equals(tensor.shape(), parameter.shape())) {
                throw new CheckpointException(model.path() + ": " + parameter.name() + " should have the shape "
                        + Arrays.toString(parameter.shape()) + ", the file has "
                        + (tensor == null ? "no such tensor" : Arrays.toString(tensor.shape())));
            }
            ConvertedTensor.of(tensor, Dtype.F32).read(slice(parameter, weights));
        }
    }

    /// The parameters in `weights` as tensors, which read the buffer when they are read.
    public static List<StoredTensor> tensors(ParameterLayout layout, MemorySegment weights) {
        return layout.parameters().stream()
                .<StoredTensor>map(parameter ->
                        new InMemoryTensor(parameter.name(), Dtype.F32, parameter.shape(), slice(parameter, weights)))
                .toList();
    }

    /// The first tensor, in their order, that holds a number that is not finite, as `name holds NaN`.
    public static Optional<String> firstNonFinite(List<StoredTensor> tensors) {
        for (StoredTensor tensor : tensors) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment values = arena.allocate(tensor.elements() * Float.BYTES, Float.BYTES);
                ConvertedTensor.of(tensor, Dtype.F32).read(values);
                for (long i = 0; i < tensor.elements(); i++) {
                    float value = values.getAtIndex(ValueLayout.JAVA_FLOAT, i);
                    if (!Float.isFinite(value)) {
                        return Optional.of(tensor.name() + " holds " + value);
                    }
                }
            }
        }
        return Optional.empty();
    }

    private static MemorySegment slice(Parameter parameter, MemorySegment weights) {
        return weights.asSlice(parameter.offset() * Float.BYTES, parameter.elements() * Float.BYTES);
    }
}
