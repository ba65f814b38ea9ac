package dev.vernacular.checkpoint;

import dev.vernacular.files.AtomicFile;
import dev.vernacular.kernels.Dtype;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.WritableByteChannel;

/// One parameter of a model, wherever it is stored.
///
/// The name is one of [dev.vernacular.model.ParameterLayout]'s, and so is the order of rows: those of `qkv` are
/// all queries, then all keys, then all values.
public interface StoredTensor {
    /// A buffer over memory takes 2 GiB at most.
    long BUFFER_BYTES = 1 << 30;

    String name();

    Dtype dtype();

    /// `[rows]` or `[rows, cols]`.
    long[] shape();

    /// Copies the elements, row-major and in [#dtype()], into `into` of [#byteSize()] bytes.
    void read(MemorySegment into);

    /// Looks through the stored bytes where the format has a checksum of them, without converting anything.
    ///
    /// @throws dev.vernacular.VernacularException naming file and tensor if they are not what was written
    default void requireWhole() {}

    /// Writes what [#read] gives, one buffer of at most 1 GiB at a time.
    default void writeTo(WritableByteChannel channel) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(byteSize(), 64);
            read(bytes);
            for (long at = 0; at < bytes.byteSize(); at += BUFFER_BYTES) {
                long length = Math.min(BUFFER_BYTES, bytes.byteSize() - at);
                AtomicFile.writeAll(channel, bytes.asSlice(at, length).asByteBuffer());
            }
        }
    }

    default long elements() {
        long elements = 1;
        for (long size : shape()) {
            elements *= size;
        }
        return elements;
    }

    default long byteSize() {
        return elements() * dtype().bytes();
    }
}
