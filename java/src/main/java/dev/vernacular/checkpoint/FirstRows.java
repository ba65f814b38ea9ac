package dev.vernacular.checkpoint;

import dev.vernacular.kernels.Dtype;
import java.lang.foreign.MemorySegment;

/// The first rows of a matrix.
///
/// @param source [at least `rows`, C]
public record FirstRows(StoredTensor source, long rows) implements StoredTensor {
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
        return new long[] {rows, source.shape()[1]};
    }

    @Override
    public boolean readsRows() {
        return source.readsRows();
    }

    @Override
    public void requireWhole() {
        source.requireWhole();
    }

    @Override
    public void read(MemorySegment into) {
        source.readRows(0, into);
    }

    @Override
    public void readRows(long first, MemorySegment into) {
        source.readRows(first, into);
    }
}
