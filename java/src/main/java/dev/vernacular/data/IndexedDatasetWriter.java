package dev.vernacular.data;

import dev.vernacular.files.AtomicFile;
import dev.vernacular.files.FilesException;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;

/// Writes Megatron's `P.bin` and `P.idx` as a stream: memory does not grow with the dataset.
///
/// Neither file has its final name before both are whole; an older pair loses its `.idx` first, the new `.bin`
/// is renamed next, the new `.idx` last. So whenever the process is killed, an index that exists belongs to its
/// data.
///
/// While sequences come, their lengths go to where the index needs them, with the sign bit set on the last of a
/// document; [#finishIndex()] derives pointers and boundaries from them.
public final class IndexedDatasetWriter {
    private static final int BUFFER_BYTES = 1 << 20;
    private static final int ENDS_DOCUMENT = 0x8000_0000;

    private final Path prefix;
    private final TokenType type;
    private final Sink data;
    private final FileChannel index;
    private final Sink lengths;
    private long sequences;
    private long documents;
    private long tokens;
    private int pendingLength = -1;

    private IndexedDatasetWriter(Path prefix, TokenType type, FileChannel data, FileChannel index) {
        this.prefix = prefix;
        this.type = type;
        this.index = index;
        this.data = new Sink(data, 0);
        this.lengths = new Sink(index, IndexHeader.BYTES);
    }

    /// Writes a dataset of what `content` gives to the writer. If `content` throws, nothing is left.
    ///
    /// @param prefix the two files' path without `.bin` and `.idx`; folders above are created
    /// @param force  whether an older dataset is replaced
    /// @throws FilesException if a file exists and `force` is false, or writing fails
    public static void write(Path prefix, TokenType type, boolean force, Consumer<IndexedDatasetWriter> content) {
        Path dataFile = IndexedDataset.dataFile(prefix);
        Path indexFile = IndexedDataset.indexFile(prefix);
        AtomicFile.refuseToReplace(dataFile, force);
        AtomicFile.refuseToReplace(indexFile, force);
        AtomicFile.write(
                indexFile,
                index -> AtomicFile.write(dataFile, data -> {
                    IndexedDatasetWriter writer = new IndexedDatasetWriter(prefix, type, data, index);
                    try {
                        content.accept(writer);
                        writer.finish();
                    } catch (UncheckedIOException e) {
                        throw e.getCause();
                    }
                    Files.deleteIfExists(indexFile);
                }));
    }

    /// Adds a sequence to the current document. An empty one leaves no trace.
    ///
    /// @throws DataException if an id does not fit the dataset's type
    public void add(int[] ids) {
        add(ids, 0, ids.length);
    }

    /// Adds the sequence `ids[from … from + count - 1]` to the current document. An empty one leaves no trace.
    ///
    /// @throws DataException if an id does not fit the dataset's type
    public void add(int[] ids, int from, int count) {
        if (count == 0) {
            return;
        }
        putLength(0);
        for (int i = from; i < from + count; i++) {
            if (!type.holds(ids[i])) {
                throw new DataException(prefix + ": token id " + ids[i] + " in document " + documents + " does not fit "
                        + type.numpyName() + "\n  The tokenizer gives ids beyond the vocabulary size it states.");
            }
            put(ids[i]);
        }
        pendingLength = count;
        sequences++;
        tokens += count;
    }

    /// Ends the current document. One without tokens leaves no trace.
    public void endDocument() {
        if (pendingLength >= 0) {
            putLength(ENDS_DOCUMENT);
            documents++;
        }
    }

    public long sequences() {
        return sequences;
    }

    public long documents() {
        return documents;
    }

    public long tokens() {
        return tokens;
    }

    private void put(int id) {
        ByteBuffer room = data.room(type.bytes());
        switch (type.bytes()) {
            case 1 -> room.put((byte) id);
            case 2 -> room.putShort((short) id);
            case 4 -> room.putInt(id);
            default -> room.putLong(id);
        }
    }

    private void putLength(int mark) {
        if (pendingLength >= 0) {
            lengths.room(Integer.BYTES).putInt(pendingLength | mark);
            pendingLength = -1;
        }
    }

    private void finish() {
        endDocument();
        data.flush();
        lengths.flush();
        finishIndex();
    }

    private void finishIndex() {
        IndexHeader header = new IndexHeader(type, sequences, documents + 1);
        Sink head = new Sink(index, 0);
        head.room(IndexHeader.BYTES).put(header.toBytes());
        head.flush();

        Sink plainLengths = new Sink(index, header.lengthsAt());
        Sink pointers = new Sink(index, header.pointersAt());
        Sink boundaries = new Sink(index, header.boundariesAt());
        boundaries.room(Long.BYTES).putLong(0);
        ByteBuffer marked = ByteBuffer.allocate(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        long pointer = 0;
        for (long sequence = 0; sequence < sequences; ) {
            readMarked(marked, header.lengthsAt() + 4 * sequence, sequences - sequence);
            while (marked.hasRemaining()) {
                int value = marked.getInt();
                int length = value & ~ENDS_DOCUMENT;
                plainLengths.room(Integer.BYTES).putInt(length);
                pointers.room(Long.BYTES).putLong(pointer);
                pointer += (long) length * type.bytes();
                sequence++;
                if (value < 0) {
                    boundaries.room(Long.BYTES).putLong(sequence);
                }
            }
        }
        plainLengths.flush();
        pointers.flush();
        boundaries.flush();
    }

    private void readMarked(ByteBuffer into, long position, long remaining) {
        try {
            into.clear().limit((int) Math.min(into.capacity(), 4 * remaining));
            while (into.hasRemaining()) {
                if (index.read(into, position + into.position()) < 0) {
                    throw new EOFException("the file was shortened while it was being written");
                }
            }
            into.flip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// A buffer in front of a stretch of a file.
    private static final class Sink {
        private final FileChannel channel;
        private final ByteBuffer buffer =
                ByteBuffer.allocateDirect(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        private long position;

        Sink(FileChannel channel, long position) {
            this.channel = channel;
            this.position = position;
        }

        ByteBuffer room(int bytes) {
            if (buffer.remaining() < bytes) {
                flush();
            }
            return buffer;
        }

        void flush() {
            buffer.flip();
            try {
                while (buffer.hasRemaining()) {
                    position += channel.write(buffer, position);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            buffer.clear();
        }
    }
}
