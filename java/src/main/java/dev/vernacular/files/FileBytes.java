package dev.vernacular.files;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// The bytes of an open file, or of a part of one: mapped, to look at here and there, and copied out of the
/// file, to go through from front to back. A page of a mapping costs much more when it is first touched than
/// when it is copied (2.6 GB: 5 s against 1 s in a virtual machine), so weights are copied.
public final class FileBytes implements AutoCloseable {
    private static final long LARGEST_BUFFER = 1 << 30;
    private final Source source;
    private final long offset;
    private final MemorySegment segment;

    /// The file behind the bytes, and all slices of them.
    private record Source(Path path, FileChannel channel, Arena arena) {}

    private FileBytes(Source source, long offset, MemorySegment segment) {
        this.source = source;
        this.offset = offset;
        this.segment = segment;
    }

    /// @throws FilesException if the file cannot be read
    public static FileBytes open(Path file) {
        Arena arena = Arena.ofShared();
        try {
            FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
            MemorySegment mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            return new FileBytes(new Source(file, channel, arena), 0, mapped);
        } catch (IOException e) {
            arena.close();
            throw FilesException.reading(file, e);
        }
    }

    /// Where in the file they begin.
    public long offset() {
        return offset;
    }

    public long size() {
        return segment.byteSize();
    }

    /// The bytes where they are mapped, up to [#close()].
    public MemorySegment segment() {
        return segment;
    }

    public FileBytes slice(long at, long length) {
        return new FileBytes(source, offset + at, segment.asSlice(at, length));
    }

    /// Copies the bytes from `at` on, as many as fill `into`.
    ///
    /// @throws FilesException if the file cannot be read, or has lost bytes since it was opened
    public void read(long at, MemorySegment into) {
        if (!into.isNative()) {
            into.copyFrom(segment.asSlice(at, into.byteSize()));
            return;
        }
        try {
            for (long done = 0; done < into.byteSize(); done += LARGEST_BUFFER) {
                long length = Math.min(LARGEST_BUFFER, into.byteSize() - done);
                fill(into.asSlice(done, length).asByteBuffer(), offset + at + done);
            }
        } catch (IOException e) {
            throw FilesException.reading(source.path(), e);
        }
    }

    private void fill(ByteBuffer buffer, long position) throws IOException {
        long at = position;
        while (buffer.hasRemaining()) {
            int count = source.channel().read(buffer, at);
            if (count < 0) {
                throw new IOException("it has become shorter since it was opened");
            }
            at += count;
        }
    }

    /// Closes the file and ends the mapping, for all slices.
    @Override
    public void close() {
        source.arena().close();
        try {
            source.channel().close();
        } catch (IOException e) {
            throw FilesException.reading(source.path(), e);
        }
    }
}
