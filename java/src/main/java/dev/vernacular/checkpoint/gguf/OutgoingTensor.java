package dev.vernacular.checkpoint.gguf;

import dev.vernacular.checkpoint.ConvertedTensor;
import dev.vernacular.checkpoint.StoredTensor;
import dev.vernacular.kernels.Dtype;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.WritableByteChannel;

/// A tensor on its way into a GGUF file.
///
/// @param theirs llama.cpp's name
/// @param type   it is written in; rows are a whole number of its blocks
record OutgoingTensor(String theirs, GgufType type, StoredTensor source) {
    /// Bytes of float32 that are quantised at a time.
    private static final long PIECE = 4 << 20;

    long byteSize() {
        return type.byteSize(source.elements());
    }

    /// @throws GgufException if a number is too large for 8 bits and a scale, or is none
    void writeTo(WritableByteChannel channel) throws IOException {
        if (type != GgufType.Q8_0) {
            ConvertedTensor.of(source, type.dtype()).writeTo(channel);
            return;
        }
        StoredTensor values = ConvertedTensor.of(source, Dtype.F32);
        long rows = values.shape()[0];
        long atATime = values.readsRows() ? Math.clamp(PIECE / values.rowBytes(), 1, rows) : rows;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment numbers = arena.allocate(atATime * values.rowBytes(), 64);
            MemorySegment blocks = arena.allocate(type.byteSize(numbers.byteSize() / Float.BYTES));
            for (long row = 0; row < rows; row += atATime) {
                MemorySegment piece = numbers.asSlice(0, Math.min(atATime, rows - row) * values.rowBytes());
                values.readRows(row, piece);
                long count = piece.byteSize() / Float.BYTES / Q8Blocks.ELEMENTS;
                quantize(piece, blocks, count);
                StoredTensor.write(blocks.asSlice(0, count * Q8Blocks.BYTES), channel);
            }
        }
    }

    private void quantize(MemorySegment values, MemorySegment piece, long blocks) {
        long bad = Q8Blocks.quantize(values, piece, blocks);
        if (bad >= 0) {
            throw new GgufException(source.name() + " holds "
                    + values.get(ValueLayout.JAVA_FLOAT, bad * Float.BYTES)
                    + ", which has no 8-bit form\n  Convert without --dtype q8_0.");
        }
    }
}
