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
///
/// A model is larger than memory should be, so it is written a piece at a time: a tensor that can read some of
/// its rows by themselves says so by [#readsRows()]; any other is held whole while it is written.
public interface StoredTensor {
    /// Bytes read and written at a time: what fits a core's cache, so that a checksum on the way finds them there.
    long PIECE = 1 << 20;

    String name();

    Dtype dtype();

    /// `[rows]` or `[rows, cols]`.
    long[] shape();

    /// Copies the elements, row-major and in [#dtype()], into `into` of [#byteSize()] bytes.
    void read(MemorySegment into);

    /// Copies the rows from `first` on, as many as fill `into`.
    default void readRows(long first, MemorySegment into) {
        if (into.byteSize() == byteSize()) {
            read(into);
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment whole = arena.allocate(byteSize(), 64);
            read(whole);
            into.copyFrom(whole.asSlice(first * rowBytes(), into.byteSize()));
        }
    }

    /// Whether [#readRows] takes no more time and memory than the rows asked for need; else it makes the whole
    /// tensor each time.
    default boolean readsRows() {
        return false;
    }

    /// Looks through the stored bytes where the format has a checksum of them, without converting anything.
    ///
    /// @throws dev.vernacular.VernacularException naming file and tensor if they are not what was written
    default void requireWhole() {}

    /// Writes what [#read] gives.
    default void writeTo(WritableByteChannel channel) throws IOException {
        long rows = byteSize() / rowBytes();
        long atATime = readsRows() ? Math.clamp(PIECE / rowBytes(), 1, rows) : rows;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(atATime * rowBytes(), 64);
            for (long row = 0; row < rows; row += atATime) {
                MemorySegment piece = buffer.asSlice(0, Math.min(atATime, rows - row) * rowBytes());
                readRows(row, piece);
                write(piece, channel);
            }
        }
    }

    /// Writes the bytes of a segment, [#PIECE] at a time.
    static void write(MemorySegment bytes, WritableByteChannel channel) throws IOException {
        for (long at = 0; at < bytes.byteSize(); at += PIECE) {
            long length = Math.min(PIECE, bytes.byteSize() - at);
            AtomicFile.writeAll(channel, bytes.asSlice(at, length).asByteBuffer());
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

    /// Bytes of a row of a matrix, of an element of a vector.
    default long rowBytes() {
        return byteSize() / shape()[0];
    }
}
