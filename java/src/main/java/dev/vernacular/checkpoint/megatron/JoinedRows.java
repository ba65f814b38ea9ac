package dev.vernacular.checkpoint.megatron;

import dev.vernacular.checkpoint.StoredTensor;
import dev.vernacular.kernels.Dtype;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// A tensor whose rows tensor-parallel ranks share among them, put together.
///
/// @param parts in order of rank, alike but for their number of rows
record JoinedRows(List<StoredTensor> parts) implements StoredTensor {
    @Override
    public String name() {
        return parts.getFirst().name();
    }

    @Override
    public Dtype dtype() {
        return parts.getFirst().dtype();
    }

    @Override
    public long[] shape() {
        long[] shape = parts.getFirst().shape().clone();
        shape[0] = parts.stream().mapToLong(part -> part.shape()[0]).sum();
        return shape;
    }

    @Override
    public void requireWhole() {
        parts.forEach(StoredTensor::requireWhole);
    }

    @Override
    public void read(MemorySegment into) {
        readRows(0, into);
    }

    @Override
    public void readRows(long first, MemorySegment into) {
        long rowBytes = rowBytes();
        long last = first + into.byteSize() / rowBytes;
        long start = 0;
        for (StoredTensor part : parts) {
            long end = start + part.shape()[0];
            long from = Math.max(first, start);
            long to = Math.min(last, end);
            if (from < to) {
                part.readRows(from - start, into.asSlice((from - first) * rowBytes, (to - from) * rowBytes));
            }
            start = end;
        }
    }

    @Override
    public boolean readsRows() {
        return parts.stream().allMatch(StoredTensor::readsRows);
    }
}
