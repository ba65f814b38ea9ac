package dev.vernacular.checkpoint.gguf;

import dev.vernacular.checkpoint.StoredTensor;
import dev.vernacular.kernels.Dtype;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// A parameter in a GGUF file, under our name. Blocks are read as float32.
record GgufTensor(String name, GgufFile.Tensor source) implements StoredTensor {
    @Override
    public Dtype dtype() {
        return source.type().dtype();
    }

    @Override
    public long[] shape() {
        return source.shape().clone();
    }

    @Override
    public void read(MemorySegment into) {
        readRows(0, into);
    }

    @Override
    public void readRows(long first, MemorySegment into) {
        long element = first * (elements() / source.shape()[0]);
        if (source.type() == GgufType.Q8_0) {
            MemorySegment blocks = source.bytes().asSlice(source.type().byteSize(element));
            Q8Blocks.dequantize(blocks, into, into.byteSize() / Float.BYTES / Q8Blocks.ELEMENTS);
        } else {
            into.copyFrom(source.bytes().asSlice(source.type().byteSize(element), into.byteSize()));
        }
    }

    @Override
    public boolean readsRows() {
        return true;
    }

    /// Whether every number is one of `dtype`'s, so that nothing is lost when it is stored in that.
    boolean fits(Dtype dtype) {
        if (source.type() != GgufType.F32) {
            return dtype() == dtype;
        }
        for (long i = 0; i < elements(); i++) {
            int bits = source.bytes().get(ValueLayout.JAVA_INT_UNALIGNED, i * Float.BYTES);
            if (!fits(bits, dtype)) {
                return false;
            }
        }
        return true;
    }

    private static boolean fits(int bits, Dtype dtype) {
        if (dtype == Dtype.BF16) {
            return (bits & 0xffff) == 0;
        }
        float value = Float.intBitsToFloat(bits);
        return Float.floatToRawIntBits(Float.float16ToFloat(Float.floatToFloat16(value))) == bits;
    }
}
