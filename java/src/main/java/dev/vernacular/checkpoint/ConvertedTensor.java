package dev.vernacular.checkpoint;

import dev.vernacular.kernels.Dtype;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// A tensor in another floating type, converted when it is read.
public record ConvertedTensor(StoredTensor source, Dtype dtype) implements StoredTensor {
    private static final long PIECE_ELEMENTS = 1 << 18;

    /// `source` itself if it has that type already.
    public static StoredTensor of(StoredTensor source, Dtype dtype) {
        return source.dtype() == dtype ? source : new ConvertedTensor(source, dtype);
    }

    @Override
    public String name() {
        return source.name();
    }

    @Override
    public long[] shape() {
        return source.shape();
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
        long rows = shape()[0];
        long atATime = readsRows() ? Math.clamp(PIECE_ELEMENTS / (elements() / rows), 1, rows) : rows;
        for (long row = 0; row < rows; row += atATime) {
            long count = Math.min(atATime, rows - row);
            readRows(row, into.asSlice(row * rowBytes(), count * rowBytes()));
        }
    }

    @Override
    public void readRows(long first, MemorySegment into) {
        long elements = into.byteSize() / dtype.bytes();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment original = arena.allocate(elements * source.dtype().bytes(), 64);
            MemorySegment wide = arena.allocate(Math.min(elements, PIECE_ELEMENTS) * Float.BYTES, 64);
            source.readRows(first, original);
            for (long from = 0; from < elements; from += PIECE_ELEMENTS) {
                long count = Math.min(PIECE_ELEMENTS, elements - from);
                Elements.toFloat32(original.asSlice(from * source.dtype().bytes()), source.dtype(), wide, count);
                Elements.fromFloat32(wide, into.asSlice(from * dtype.bytes()), dtype, count);
            }
        }
    }
}
