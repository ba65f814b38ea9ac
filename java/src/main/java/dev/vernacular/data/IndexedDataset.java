package dev.vernacular.data;

import dev.vernacular.files.FilesException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;

/// Megatron's memory-mapped dataset: token ids back to back in `P.bin`, their division into sequences and
/// documents in `P.idx` ([IndexHeader]). Everything the index says is checked when it is opened; reading then
/// allocates nothing and is safe from several threads. Files larger than 2 GiB are read like any other.
public final class IndexedDataset implements AutoCloseable {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Path prefix;
    private final Arena arena;
    private final IndexHeader header;
    private final MemorySegment index;
    private final MemorySegment data;
    private final long tokens;

    private IndexedDataset(Path prefix, Arena arena) throws IOException {
        this.prefix = prefix;
        this.arena = arena;
        index = map(indexFile(prefix), arena);
        data = map(dataFile(prefix), arena);
        header = IndexHeader.read(indexFile(prefix), index);
        tokens = checkedTokens();
        checkBoundaries();
    }

    /// @param prefix the two files' path without `.bin` and `.idx`
    /// @throws FilesException if a file cannot be read
    /// @throws DataException  if the index is damaged or does not agree with the data, naming file and byte
    public static IndexedDataset open(Path prefix) {
        if (!Files.exists(indexFile(prefix))) {
            throw new DataException(missing(prefix));
        }
        Arena arena = Arena.ofShared();
        try {
            return new IndexedDataset(prefix, arena);
        } catch (IOException e) {
            arena.close();
            throw FilesException.reading(indexFile(prefix), e);
        } catch (InternalError e) {
            arena.close();
            throw fault(indexFile(prefix), e);
        } catch (RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    static Path dataFile(Path prefix) {
        return prefix.resolveSibling(prefix.getFileName() + ".bin");
    }

    static Path indexFile(Path prefix) {
        return prefix.resolveSibling(prefix.getFileName() + ".idx");
    }

    public Path prefix() {
        return prefix;
    }

    public TokenType type() {
        return header.type();
    }

    public long sequences() {
        return header.sequences();
    }

    public long documents() {
        return header.boundaries() - 1;
    }

    /// Tokens of all sequences together.
    public long tokens() {
        return tokens;
    }

    /// Tokens of one sequence.
    public int length(long sequence) {
        return index.get(INT, header.lengthsAt() + 4 * sequence);
    }

    /// The first sequence of a document; of `documents()`, the number of sequences.
    public long documentStart(long document) {
        return index.get(LONG, header.boundariesAt() + 8 * document);
    }

    /// All tokens of one sequence.
    ///
    /// @throws DataException as [#read(long, int, int, int[], int)]
    public int[] read(long sequence) {
        int[] ids = new int[length(sequence)];
        read(sequence, 0, ids.length, ids, 0);
        return ids;
    }

    /// Reads `count` tokens of a sequence, from token `from` on, to `ids[at …]`.
    ///
    /// @throws IndexOutOfBoundsException if the sequence has no such tokens or `ids` no room for them
    /// @throws DataException if an int64 id does not fit an int, or the file was shortened since it was opened
    public void read(long sequence, int from, int count, int[] ids, int at) {
        Objects.checkIndex(sequence, sequences());
        Objects.checkFromIndexSize(at, count, ids.length);
        try {
            Objects.checkFromIndexSize(from, count, length(sequence));
            copy(pointer(sequence) + (long) from * type().bytes(), count, ids, at);
        } catch (InternalError e) {
            throw fault(dataFile(prefix), e);
        }
    }

    @Override
    public void close() {
        arena.close();
    }

    private void copy(long start, int count, int[] ids, int at) {
        switch (type()) {
            case UINT8 -> {
                for (int i = 0; i < count; i++) {
                    ids[at + i] = data.get(ValueLayout.JAVA_BYTE, start + i) & 0xFF;
                }
            }
            case INT8 -> {
                for (int i = 0; i < count; i++) {
                    ids[at + i] = data.get(ValueLayout.JAVA_BYTE, start + i);
                }
            }
            case UINT16 -> {
                for (int i = 0; i < count; i++) {
                    ids[at + i] = data.get(SHORT, start + 2L * i) & 0xFFFF;
                }
            }
            case INT16 -> {
                for (int i = 0; i < count; i++) {
                    ids[at + i] = data.get(SHORT, start + 2L * i);
                }
            }
            case INT32 -> MemorySegment.copy(data, INT, start, ids, at, count);
            case INT64 -> {
                for (int i = 0; i < count; i++) {
                    ids[at + i] = narrow(start + 8L * i);
                }
            }
        }
    }

    private int narrow(long position) {
        long id = data.get(LONG, position);
        if (id != (int) id) {
            throw new DataException(dataFile(prefix) + " at byte " + position + ": token id " + id + " is beyond "
                    + Integer.MAX_VALUE + ", no vocabulary is that large");
        }
        return (int) id;
    }

    private long pointer(long sequence) {
        return index.get(LONG, header.pointersAt() + 8 * sequence);
    }

    private long checkedTokens() {
        long total = 0;
        for (long i = 0; i < sequences(); i++) {
            int length = length(i);
            if (length < 0) {
                throw damaged(header.lengthsAt() + 4 * i, "sequence " + i + " has length " + length);
            }
            long pointer = pointer(i);
            if (pointer != total * type().bytes()) {
                throw damaged(
                        header.pointersAt() + 8 * i,
                        "sequence " + i + " starts at byte " + pointer + " of "
                                + dataFile(prefix).getFileName() + ", expected " + total * type().bytes()
                                + ", where the one before it ends");
            }
            total += length;
        }
        if (total * type().bytes() != data.byteSize()) {
            throw new DataException(dataFile(prefix) + " has " + data.byteSize() + " bytes, its index describes "
                    + total + " tokens of " + type().numpyName() + ", " + total * type().bytes() + " bytes"
                    + "\n  The two files do not belong together, or one is incomplete.");
        }
        return total;
    }

    private void checkBoundaries() {
        long previous = 0;
        for (long i = 0; i <= documents(); i++) {
            long boundary = documentStart(i);
            boolean isRight = i == 0 ? boundary == 0 : boundary >= previous && boundary <= sequences();
            if (!isRight || (i == documents() && boundary != sequences())) {
                throw damaged(
                        header.boundariesAt() + 8 * i,
                        "document boundary " + i + " of " + documents() + " is " + boundary + ", after " + previous
                                + " and with " + sequences() + " sequences");
            }
            previous = boundary;
        }
    }

    private DataException damaged(long position, String what) {
        return new DataException(indexFile(prefix) + " at byte " + position + ": " + what
                + "\n  The file is damaged: copy it again, or run `vernacular preprocess` again.");
    }

    /// A page of the mapping that cannot be read: the JVM reports it as an InternalError.
    private static DataException fault(Path file, InternalError cause) {
        return DataException.failure(
                file + " was shortened, or its storage failed, while it was being read\n"
                        + "  Do not write to a dataset in use; check the disk and start again.",
                cause);
    }

    private static String missing(Path prefix) {
        String name = prefix.toString();
        boolean hasSuffix = name.endsWith(".bin") || name.endsWith(".idx");
        return "there is no dataset " + prefix + ": " + indexFile(prefix) + " does not exist\n"
                + (hasSuffix
                        ? "  Name it without its suffix: " + name.substring(0, name.length() - 4)
                        : "  A dataset is named by the path of its files without .bin and .idx.");
    }

    private static MemorySegment map(Path file, Arena arena) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
        } catch (IOException e) {
            throw FilesException.reading(file, e);
        }
    }
}
