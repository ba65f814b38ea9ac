package dev.vernacular.checkpoint;

import dev.vernacular.kernels.Dtype;
import java.lang.foreign.MemorySegment;

/// A parameter that is in memory.
///
/// @param bytes the elements, row-major; read when the tensor is
public record InMemoryTensor(String name, Dtype dtype, long[] shape, MemorySegment bytes) implements StoredTensor {
    @Override
    public void read(MemorySegment into) {
        into.copyFrom(bytes);
    }

    @Override
    public void readRows(long first, MemorySegment into) {
        into.copyFrom(bytes.asSlice(first * rowBytes(), into.byteSize()));
    }

    @Override
    public boolean readsRows() {
        return true;
    }
}
