package dev.vernacular.checkpoint;

import dev.vernacular.kernels.Dtype;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Some columns of a matrix.
///
/// @param source [rows, at least `first + columns`]
public record ColumnRange(StoredTensor source, long first, long columns) implements StoredTensor {
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
        return new long[] {source.shape()[0], columns};
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
        long rowBytes = rowBytes();
        long sourceBytes = source.rowBytes();
        long rows = into.byteSize() / rowBytes;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment whole = arena.allocate(rows * sourceBytes, 64);
            source.readRows(from, whole);
            for (long row = 0; row < rows; row++) {
                long column = row * sourceBytes + first * dtype().bytes();
                MemorySegment.copy(whole, column, into, row * rowBytes, rowBytes);
            }
        }
    }

    @Override
    public boolean readsRows() {
        return source.readsRows();
    }
}
