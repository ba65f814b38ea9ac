package dev.vernacular.checkpoint.torch;

import dev.vernacular.files.AtomicFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;

/// Writes stored members one after the other, each with its data at a multiple of 64 bytes so that it can be
/// mapped, with zip64 fields where sizes need them. Times are fixed: the same members give the same bytes.
///
/// As torch does, a member's checksum follows its bytes (a data descriptor) and is in the directory: so bytes
/// pass by once and are never held.
///
/// @see <a href="https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT">APPNOTE, 4.3.6 to 4.5.3</a>
final class ZipWriter {
    private static final int ALIGNMENT = 64;
    private static final long LIMIT = 0xffffffffL;
    /// 1 January 1980, the earliest date a zip knows.
    private static final int DATE = 1 << 5 | 1;
    private static final int VERSION = 45;
    private static final int UTF8_NAMES_AND_DESCRIPTORS = 1 << 11 | 1 << 3;
    private final WritableByteChannel out;
    private final List<Entry> entries = new ArrayList<>();
    private long position;

    private record Entry(byte[] name, long size, int crc, long offset) {
        boolean isLarge() {
            return size >= LIMIT || offset >= LIMIT;
        }
    }

    /// Writes a member's bytes, exactly as many as were announced.
    @FunctionalInterface
    interface Content {
        void writeTo(WritableByteChannel channel) throws IOException;
    }

    ZipWriter(WritableByteChannel out) {
        this.out = out;
    }

    /// Length of the whole zip with members of these names and sizes.
    static long sizeOf(List<String> names, List<Long> sizes) {
        long position = 0;
        long directory = 0;
        for (int i = 0; i < names.size(); i++) {
            int nameLength = names.get(i).getBytes(StandardCharsets.UTF_8).length;
            long size = sizes.get(i);
            directory += 46 + nameLength + (size >= LIMIT || position >= LIMIT ? 28 : 0);
            position = dataStart(position, nameLength, size) + size + descriptorSize(size);
        }
        return position + directory + (needsZip64(position, directory, names.size()) ? 56 + 20 : 0) + 22;
    }

    void add(String name, ByteBuffer data) throws IOException {
        add(name, data.remaining(), channel -> AtomicFile.writeAll(channel, data));
    }

    /// @param size bytes that `content` will write; the header, which comes first, depends on it
    void add(String name, long size, Content content) throws IOException {
        byte[] nameBytes = name.getBytes(StandardCharsets.UTF_8);
        long offset = position;
        write(header(nameBytes, size));
        Summing summing = new Summing();
        content.writeTo(summing);
        if (summing.count != size) {
            throw new IOException(name + " was announced with " + size + " bytes and wrote " + summing.count);
        }
        Entry entry = new Entry(nameBytes, size, (int) summing.sum.getValue(), offset);
        entries.add(entry);
        write(descriptor(entry));
    }

    /// Writes the directory.
    void finish() throws IOException {
        long start = position;
        for (Entry entry : entries) {
            write(directoryEntry(entry));
        }
        long size = position - start;
        if (needsZip64(start, size, entries.size())) {
            write(end64(start, size));
        }
        ByteBuffer end = buffer(22);
        short count = (short) Math.min(entries.size(), 0xffff);
        end.putInt(0x06054b50).putInt(0).putShort(count).putShort(count);
        end.putInt((int) Math.min(size, LIMIT))
                .putInt((int) Math.min(start, LIMIT))
                .putShort((short) 0);
        write(end.flip());
    }

    private ByteBuffer header(byte[] name, long size) {
        boolean isLarge = size >= LIMIT;
        int extra = (int) (dataStart(position, name.length, size) - position - 30 - name.length);
        ByteBuffer header = buffer(30 + name.length + extra);
        header.putInt(0x04034b50).putShort((short) VERSION);
        common(header, 0, isLarge ? LIMIT : 0);
        header.putShort((short) name.length).putShort((short) extra).put(name);
        if (isLarge) {
            header.putShort((short) 1).putShort((short) 16).putLong(size).putLong(size);
        }
        header.put((byte) 'F').put((byte) 'B').putShort((short) (header.remaining() - 2));
        while (header.hasRemaining()) {
            header.put((byte) 'Z');
        }
        return header.flip();
    }

    private static ByteBuffer descriptor(Entry entry) {
        ByteBuffer descriptor = buffer(descriptorSize(entry.size()));
        descriptor.putInt(0x08074b50).putInt(entry.crc());
        if (entry.size() >= LIMIT) {
            descriptor.putLong(entry.size()).putLong(entry.size());
        } else {
            descriptor.putInt((int) entry.size()).putInt((int) entry.size());
        }
        return descriptor.flip();
    }

    private ByteBuffer end64(long start, long size) {
        ByteBuffer end = buffer(56 + 20);
        end.putInt(0x06064b50).putLong(44).putShort((short) VERSION).putShort((short) VERSION);
        end.putInt(0)
                .putInt(0)
                .putLong(entries.size())
                .putLong(entries.size())
                .putLong(size)
                .putLong(start);
        end.putInt(0x07064b50).putInt(0).putLong(position).putInt(1);
        return end.flip();
    }

    private static ByteBuffer directoryEntry(Entry entry) {
        int extra = entry.isLarge() ? 28 : 0;
        ByteBuffer header = buffer(46 + entry.name().length + extra);
        header.putInt(0x02014b50).putShort((short) VERSION).putShort((short) VERSION);
        common(header, entry.crc(), entry.isLarge() ? LIMIT : entry.size());
        header.putShort((short) entry.name().length).putShort((short) extra);
        header.putShort((short) 0).putShort((short) 0).putShort((short) 0).putInt(0);
        header.putInt((int) (entry.isLarge() ? LIMIT : entry.offset())).put(entry.name());
        if (entry.isLarge()) {
            header.putShort((short) 1).putShort((short) 24);
            header.putLong(entry.size()).putLong(entry.size()).putLong(entry.offset());
        }
        return header.flip();
    }

    /// The fields that a member's own header and the directory share.
    private static void common(ByteBuffer header, int crc, long size) {
        header.putShort((short) UTF8_NAMES_AND_DESCRIPTORS)
                .putShort((short) 0)
                .putShort((short) 0)
                .putShort((short) DATE);
        header.putInt(crc).putInt((int) size).putInt((int) size);
    }

    /// The padding is an extra field of its own, which takes 4 bytes at least.
    private static long dataStart(long position, int nameLength, long size) {
        long fields = position + 30 + nameLength + (size >= LIMIT ? 20 : 0) + 4;
        return (fields + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    private static int descriptorSize(long size) {
        return size >= LIMIT ? 24 : 16;
    }

    private static boolean needsZip64(long start, long size, int count) {
        return start >= LIMIT || size >= LIMIT || count >= 0xffff;
    }

    private static ByteBuffer buffer(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    private void write(ByteBuffer data) throws IOException {
        position += data.remaining();
        AtomicFile.writeAll(out, data);
    }

    /// Passes a member's bytes on, counts and sums them.
    private final class Summing implements WritableByteChannel {
        private final CRC32 sum = new CRC32();
        private long count;

        @Override
        public int write(ByteBuffer bytes) throws IOException {
            sum.update(bytes.duplicate());
            int length = bytes.remaining();
            ZipWriter.this.write(bytes);
            count += length;
            return length;
        }

        @Override
        public boolean isOpen() {
            return out.isOpen();
        }

        @Override
        public void close() {
            throw new UnsupportedOperationException("a zip's member does not close the zip");
        }
    }
}
