package dev.vernacular.checkpoint.archive;

import dev.vernacular.files.AtomicFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;

/// Writes a GNU tar, front to back, with fixed times and owners: the same files give the same bytes.
///
/// @see <a href="https://www.gnu.org/software/tar/manual/html_node/Standard.html">GNU tar manual, basic
/// format</a>
public final class TarWriter {
    private static final int BLOCK = 512;
    private static final int RECORD = 20 * BLOCK;
    private static final long LARGEST_OCTAL = 077777777777L;
    private final WritableByteChannel out;
    private long position;

    /// Writes an entry's bytes, exactly as many as were announced.
    @FunctionalInterface
    public interface Content {
        void writeTo(WritableByteChannel channel) throws IOException;
    }

    public TarWriter(WritableByteChannel out) {
        this.out = out;
    }

    public void folder(String name) throws IOException {
        write(header(name, 0, '5', 0755));
    }

    public void file(String name, byte[] bytes) throws IOException {
        file(name, bytes.length, channel -> AtomicFile.writeAll(channel, ByteBuffer.wrap(bytes)));
    }

    /// @param size bytes that `content` will write; the header, which comes first, states it
    public void file(String name, long size, Content content) throws IOException {
        write(header(name, size, '0', 0644));
        Counting counting = new Counting();
        content.writeTo(counting);
        if (counting.count != size) {
            throw new IOException(name + " was announced with " + size + " bytes and wrote " + counting.count);
        }
        position += size;
        write(ByteBuffer.allocate((int) (-position & (BLOCK - 1))));
    }

    /// Ends the archive: two empty blocks, and zeros up to a full record.
    public void finish() throws IOException {
        write(ByteBuffer.allocate(2 * BLOCK));
        write(ByteBuffer.allocate((int) ((RECORD - position % RECORD) % RECORD)));
    }

    private static ByteBuffer header(String name, long size, char type, int mode) {
        byte[] nameBytes = name.getBytes(StandardCharsets.UTF_8);
        if (nameBytes.length >= 100) {
            throw new ArchiveException("the name " + name + " is too long for an archive entry");
        }
        ByteBuffer header = ByteBuffer.allocate(BLOCK);
        header.put(0, nameBytes);
        octal(header, 100, 8, mode);
        octal(header, 108, 8, 0);
        octal(header, 116, 8, 0);
        if (size <= LARGEST_OCTAL) {
            octal(header, 124, 12, size);
        } else {
            header.put(124, (byte) 0x80).putLong(128, size);
        }
        octal(header, 136, 12, 0);
        header.put(156, (byte) type).put(257, ascii("ustar  \0"));
        header.put(148, ascii("        "));
        int sum = 0;
        for (byte value : header.array()) {
            sum += value & 0xff;
        }
        header.put(148, ascii("%06o\0 ".formatted(sum)));
        return header;
    }

    private static void octal(ByteBuffer header, int at, int width, long value) {
        header.put(at, ascii(("%0" + (width - 1) + "o\0").formatted(value)));
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private void write(ByteBuffer bytes) throws IOException {
        position += bytes.remaining();
        AtomicFile.writeAll(out, bytes);
    }

    /// Passes bytes on and counts them.
    private final class Counting implements WritableByteChannel {
        private long count;

        @Override
        public int write(ByteBuffer bytes) throws IOException {
            int written = out.write(bytes);
            count += written;
            return written;
        }

        @Override
        public boolean isOpen() {
            return out.isOpen();
        }

        @Override
        public void close() {
            throw new UnsupportedOperationException("an archive's entry does not close the archive");
        }
    }
}
