package dev.vernacular.checkpoint.fuzz;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;

/// A zip written by hand, of stored members, so that its directory can lie.
final class ZipBytes {
    private static final int ENTRY = 46;

    private final ByteArrayOutputStream file = new ByteArrayOutputStream();
    private final List<byte[]> entries = new ArrayList<>();

    ZipBytes add(String name, byte[] bytes) {
        int local = file.size();
        CRC32 crc = new CRC32();
        crc.update(bytes);
        byte[] utf8 = name.getBytes(StandardCharsets.UTF_8);
        ByteBuffer head = little(30 + utf8.length).putInt(0x04034b50).putShort((short) 20);
        head.position(14).putInt((int) crc.getValue()).putInt(bytes.length).putInt(bytes.length);
        head.putShort((short) utf8.length).position(30).put(utf8);
        file.writeBytes(head.array());
        file.writeBytes(bytes);
        return entry(name, new byte[0], (int) crc.getValue(), bytes.length, bytes.length, local);
    }

    /// An entry of the directory alone.
    ///
    /// @param extra field of the entry
    ZipBytes entry(String name, byte[] extra, int crc, int packed, int size, int local) {
        byte[] utf8 = name.getBytes(StandardCharsets.UTF_8);
        ByteBuffer entry = little(ENTRY + utf8.length + extra.length).putInt(0x02014b50);
        entry.position(16).putInt(crc).putInt(packed).putInt(size);
        entry.putShort((short) utf8.length).putShort((short) extra.length);
        entry.position(42).putInt(local).put(utf8).put(extra);
        entries.add(entry.array());
        return this;
    }

    byte[] bytes() {
        return bytes(entries.size(), file.size());
    }

    /// @param count  of entries, as the end says
    /// @param offset of the directory, as the end says
    byte[] bytes(int count, int offset) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(file.toByteArray());
        entries.forEach(all::writeBytes);
        int length = all.size() - file.size();
        ByteBuffer end = little(22).putInt(0x06054b50);
        end.position(8)
                .putShort((short) count)
                .putShort((short) count)
                .putInt(length)
                .putInt(offset);
        all.writeBytes(end.array());
        return all.toByteArray();
    }

    private static ByteBuffer little(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }
}
