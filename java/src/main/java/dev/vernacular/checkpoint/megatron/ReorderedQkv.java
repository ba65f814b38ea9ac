package dev.vernacular.checkpoint.megatron;

import dev.vernacular.checkpoint.InMemoryTensor;
import dev.vernacular.checkpoint.StoredTensor;
import dev.vernacular.kernels.Dtype;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// A fused query-key-value weight or bias with its rows in another order.
///
/// @param source [3 H D, C] or [3 H D] in the order `from`
/// @param heads  H of this tensor, which may be a rank's part
record ReorderedQkv(StoredTensor source, long heads, QkvRows from, QkvRows to) implements StoredTensor {
    /// `source` itself if there is nothing to do.
    static StoredTensor of(StoredTensor source, long heads, QkvRows from, QkvRows to) {
        return from == to ? source : new ReorderedQkv(source, heads, from, to);
    }

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
        readRows(0, into);
    }

    @Override
    public void readRows(long first, MemorySegment into) {
        if (source.readsRows()) {
            reorder(source, first, into);
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment whole = arena.allocate(byteSize(), 64);
            source.read(whole);
            reorder(new InMemoryTensor(name(), dtype(), shape(), whole), first, into);
        }
    }

    private void reorder(StoredTensor rows, long first, MemorySegment into) {
        long rowBytes = rowBytes();
        long headSize = shape()[0] / 3 / heads;
        long count = into.byteSize() / rowBytes;
        long done = 0;
        while (done < count) {
            long row = first + done;
            long run = Math.min(to.run(from, row, headSize), count - done);
            rows.readRows(to.rowIn(from, row, heads, headSize), into.asSlice(done * rowBytes, run * rowBytes));
            done += run;
        }
    }

    @Override
    public boolean readsRows() {
        return source.readsRows();
    }
}
