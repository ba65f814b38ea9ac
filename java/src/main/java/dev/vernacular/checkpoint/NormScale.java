package dev.vernacular.checkpoint;

import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Norm;
import dev.vernacular.model.GptConfig;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// The weight of a norm as every other program has it: the scale itself, where layernorm1p stores the scale
/// minus one. In float32 whatever the stored type: most sums with one have no place in 16 bits.
///
/// @param source [C] float32
public record NormScale(StoredTensor source) implements StoredTensor {
    @Override
    public String name() {
        return source.name();
    }

    @Override
    public Dtype dtype() {
        return Dtype.F32;
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
        for (long i = 0; i < elements(); i++) {
            float stored = into.get(ValueLayout.JAVA_FLOAT_UNALIGNED, i * Float.BYTES);
            into.set(ValueLayout.JAVA_FLOAT_UNALIGNED, i * Float.BYTES, stored + 1);
        }
    }

    /// `tensor` itself unless it is the weight of a layernorm1p.
    public static StoredTensor of(StoredTensor tensor, GptConfig config) {
        boolean isShifted = config.norm() == Norm.LAYERNORM1P && tensor.name().endsWith("norm.weight");
        return isShifted ? new NormScale(ConvertedTensor.of(tensor, Dtype.F32)) : tensor;
    }
}
