package dev.vernacular.checkpoint.hf;

import dev.vernacular.checkpoint.StoredTensor;
import dev.vernacular.kernels.Dtype;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.WritableByteChannel;

/// A matrix with its rows and columns exchanged. Reading any of it takes the whole of `source`.
///
/// @param source [cols, rows]
record Transposed(StoredTensor source) implements StoredTensor {
    private static final long LARGEST_ARRAY = 1 << 30;

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
        return new long[] {source.shape()[1], source.shape()[0]};
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
        try (Arena arena = Arena.ofConfined()) {
            turn(held(arena), first, into);
        }
    }

    @Override
    public void writeTo(WritableByteChannel channel) throws IOException {
        long rows = shape()[0];
        long atATime = Math.clamp(PIECE / rowBytes(), 1, rows);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment held = held(arena);
            MemorySegment buffer = arena.allocate(atATime * rowBytes(), 64);
            for (long row = 0; row < rows; row += atATime) {
                MemorySegment piece = buffer.asSlice(0, Math.min(atATime, rows - row) * rowBytes());
                turn(held, row, piece);
                StoredTensor.write(piece, channel);
            }
        }
    }

    private void turn(MemorySegment held, long first, MemorySegment into) {
        Transpose.columns(held, source.shape()[0], source.shape()[1], dtype().bytes(), first, into);
    }

    /// An array where one will do: the collector gives its memory to the next matrix, which the system would
    /// have to clear page by page.
    private MemorySegment held(Arena arena) {
        MemorySegment held = byteSize() <= LARGEST_ARRAY
                ? MemorySegment.ofArray(new byte[(int) byteSize()])
                : arena.allocate(byteSize(), 64);
        source.read(held);
        return held;
    }
}
