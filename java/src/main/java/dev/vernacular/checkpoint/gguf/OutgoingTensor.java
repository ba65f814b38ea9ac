package dev.vernacular.checkpoint.gguf;

import dev.vernacular.checkpoint.ConvertedTensor;
import dev.vernacular.checkpoint.StoredTensor;
import dev.vernacular.files.AtomicFile;
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
    /// Blocks that are made at a time: 4 MiB of float32.
    private static final long PIECE = 1 << 15;

    long byteSize() {
        return type.byteSize(source.elements());
    }

    /// @throws GgufException if a number is too large for 8 bits and a scale, or is none
    void writeTo(WritableByteChannel channel) throws IOException {
        if (type != GgufType.Q8_0) {
            ConvertedTensor.of(source, type.dtype()).writeTo(channel);
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment values = arena.allocate(source.elements() * Float.BYTES, 64);
            ConvertedTensor.of(source, Dtype.F32).read(values);
            MemorySegment piece = arena.allocate(PIECE * Q8Blocks.BYTES);
            long blocks = source.elements() / Q8Blocks.ELEMENTS;
            for (long block = 0; block < blocks; block += PIECE) {
                long count = Math.min(PIECE, blocks - block);
                quantize(values.asSlice(block * Q8Blocks.ELEMENTS * Float.BYTES), piece, count);
                AtomicFile.writeAll(
                        channel, piece.asSlice(0, count * Q8Blocks.BYTES).asByteBuffer());
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
