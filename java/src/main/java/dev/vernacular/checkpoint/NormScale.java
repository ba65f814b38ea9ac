package dev.vernacular.checkpoint;

import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Norm;
import dev.vernacular.model.GptConfig;
import java.lang.foreign.MemorySegment;

/// The weight of a norm as every other program has it: the scale itself, where layernorm1p stores the scale
/// minus one.
public record NormScale(StoredTensor source) implements StoredTensor {
    @Override
    public String name() {
        return source.name();
    }

    @Override
    public Dtype dtype() {
        return source.dtype();
    }

    @Override
    public long[] shape() {
        return source.shape();
    }

    @Override
    public void requireWhole() {
        source.requireWhole();
    }

    @Override
    public void read(MemorySegment into) {
        source.read(into);
        float[] values = new float[Math.toIntExact(elements())];
        Elements.toFloat32(into, dtype(), MemorySegment.ofArray(values), values.length);
        for (int i = 0; i < values.length; i++) {
            values[i] += 1;
        }
        Elements.fromFloat32(MemorySegment.ofArray(values), into, dtype(), values.length);
    }

    /// `tensor` itself unless it is the weight of a layernorm1p.
    public static StoredTensor of(StoredTensor tensor, GptConfig config) {
        boolean isShifted = config.norm() == Norm.LAYERNORM1P && tensor.name().endsWith("norm.weight");
        return isShifted ? new NormScale(tensor) : tensor;
    }
}
