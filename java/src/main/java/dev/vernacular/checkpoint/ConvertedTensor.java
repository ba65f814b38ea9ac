package dev.vernacular.checkpoint;

import dev.vernacular.kernels.Dtype;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// A tensor in another floating type, converted when it is read.
public record ConvertedTensor(StoredTensor source, Dtype dtype) implements StoredTensor {
    private static final long PIECE = 1 << 20;

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
    public void read(MemorySegment into) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment original = arena.allocate(source.byteSize(), 64);
            MemorySegment wide = arena.allocate(PIECE * Float.BYTES, 64);
            source.read(original);
            for (long from = 0; from < elements(); from += PIECE) {
                long count = Math.min(PIECE, elements() - from);
                Elements.toFloat32(original.asSlice(from * source.dtype().bytes()), source.dtype(), wide, count);
                Elements.fromFloat32(wide, into.asSlice(from * dtype.bytes()), dtype, count);
            }
        }
    }
}
