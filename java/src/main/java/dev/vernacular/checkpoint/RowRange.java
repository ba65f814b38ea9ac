package dev.vernacular.checkpoint;

import dev.vernacular.kernels.Dtype;
import java.lang.foreign.MemorySegment;

/// Some rows of a matrix, or elements of a vector.
///
/// @param source [at least `first + rows`, …]
public record RowRange(StoredTensor source, long first, long rows) implements StoredTensor {
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
        long[] shape = source.shape().clone();
        shape[0] = rows;
        return shape;
    }

    @Override
    public void requireWhole() {
        source.requireWhole();
    }

    @Override
    public void read(MemorySegment into) {
        readRows(0, into);
    }

    @Override
    public void readRows(long from, MemorySegment into) {
        source.readRows(first + from, into);
    }

    @Override
    public boolean readsRows() {
        return source.readsRows();
    }
}
