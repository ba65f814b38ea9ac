package dev.vernacular.checkpoint;

import dev.vernacular.kernels.Dtype;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// The first rows of a matrix.
///
/// @param source [at least `rows`, C]
public record FirstRows(StoredTensor source, long rows) implements StoredTensor {
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
        return new long[] {rows, source.shape()[1]};
    }

    @Override
    public void read(MemorySegment into) {
        if (into.byteSize() == source.byteSize()) {
            source.read(into);
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment whole = arena.allocate(source.byteSize(), 64);
            source.read(whole);
            into.copyFrom(whole.asSlice(0, into.byteSize()));
        }
    }
}
