package dev.vernacular.checkpoint.expand;

import dev.vernacular.checkpoint.Elements;
import dev.vernacular.checkpoint.InMemoryTensor;
import dev.vernacular.checkpoint.StoredTensor;
import dev.vernacular.kernels.Dtype;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// A token table (input or head) with the rows of an [ExpansionPlan]: rows of old tokens bit for bit, then those
/// of new tokens, in the place of old padding first, then padding: what is left of the old as it was, and zeros.
/// Any rows can be had by themselves; new ones are made when they are read.
final class ExpandedTable implements StoredTensor {
    private final StoredTensor source;
    private final ExpansionPlan plan;
    private final TableUse use;
    private final double std;
    private final NewRows newRows;

    /// @param source [rowsBefore, C]
    /// @param std    of normal rows, the config's `init_method_std`
    ExpandedTable(StoredTensor source, ExpansionPlan plan, TableUse use, double std) {
        this.source = source;
        this.plan = plan;
        this.use = use;
        this.std = std;
        newRows = new NewRows(plan, new OldRows(source), use, std);
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
        return new long[] {plan.rowsAfter(), source.shape()[1]};
    }

    @Override
    public void requireWhole() {
        source.requireWhole();
    }

    @Override
    public boolean readsRows() {
        return source.readsRows();
    }

    @Override
    public void read(MemorySegment into) {
        if (source.readsRows()) {
            readRows(0, into);
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment whole = arena.allocate(source.byteSize(), 64);
            source.read(whole);
            StoredTensor inMemory = new InMemoryTensor(name(), dtype(), source.shape(), whole);
            new ExpandedTable(inMemory, plan, use, std).readRows(0, into);
        }
    }

    @Override
    public void readRows(long first, MemorySegment into) {
        long count = into.byteSize() / rowBytes();
        long done = 0;
        while (done < count) {
            long row = first + done;
            long end = Math.min(first + count, plan.endOfRun(row));
            fill(row, into.asSlice(done * rowBytes(), (end - row) * rowBytes()));
            done = end - first;
        }
    }

    /// Rows of one kind.
    private void fill(long first, MemorySegment into) {
        switch (plan.kind(first)) {
            case KEPT -> source.readRows(first, into);
            case PADDING -> into.fill((byte) 0);
            case NEW -> {
                for (long at = 0; at < into.byteSize(); at += rowBytes()) {
                    float[] row = newRows.row(Math.toIntExact(first + at / rowBytes()));
                    Elements.fromFloat32(MemorySegment.ofArray(row), into.asSlice(at, rowBytes()), dtype(), row.length);
                }
            }
        }
    }
}
