package dev.vernacular.checkpoint.megatron;

import dev.vernacular.checkpoint.StoredTensor;
import dev.vernacular.kernels.Dtype;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// A matrix whose columns tensor-parallel ranks share among them, put together.
///
/// @param parts in order of rank, alike but for their number of columns
record JoinedColumns(List<StoredTensor> parts) implements StoredTensor {
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
        shape[1] = parts.stream().mapToLong(part -> part.shape()[1]).sum();
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
        long rows = into.byteSize() / rowBytes;
        long column = 0;
        try (Arena arena = Arena.ofConfined()) {
            for (StoredTensor part : parts) {
                long partBytes = part.rowBytes();
                MemorySegment read = arena.allocate(rows * partBytes, 64);
                part.readRows(first, read);
                for (long row = 0; row < rows; row++) {
                    MemorySegment.copy(read, row * partBytes, into, row * rowBytes + column, partBytes);
                }
                column += partBytes;
            }
        }
    }

    @Override
    public boolean readsRows() {
        return parts.stream().allMatch(StoredTensor::readsRows);
    }
}
