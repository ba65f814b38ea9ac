package dev.vernacular.checkpoint.torch;

import dev.vernacular.files.FileBytes;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.foreign.ValueLayout.OfInt;
import java.lang.foreign.ValueLayout.OfLong;
import java.lang.foreign.ValueLayout.OfShort;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;

/// The members of a zip as slices of its bytes. Sizes come from the central directory (torch writes them
/// nowhere else), zip64 included; members must be stored, not compressed, so that they can be used where they
/// lie.
///
/// @see <a href="https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT">APPNOTE, 4.3.12 to 4.5.3</a>
final class ZipDirectory {
    private static final OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int END = 0x06054b50;
    private static final int END64_LOCATOR = 0x07064b50;
    private static final int END64 = 0x06064b50;
    private static final int ENTRY = 0x02014b50;
    private static final int LOCAL = 0x04034b50;
    private static final long IN_ZIP64 = 0xffffffffL;
    private static final int MOST_MEMBERS = 1 << 20;
    private final FileBytes bytes;
    private final MemorySegment file;
    private final String label;

    private ZipDirectory(FileBytes bytes, String label) {
        this.bytes = bytes;
        this.file = bytes.segment();
        this.label = label;
    }

    /// @throws TorchException if the directory is missing or damaged, naming what is wrong where
    static Map<String, ZipMember> members(FileBytes bytes, String label) {
        return new ZipDirectory(bytes, label).read();
    }

    private Map<String, ZipMember> read() {
        long end = findEnd();
        long count = u16(end + 10);
        long start = u32(end + 16);
        if (end >= 20 && u32(end - 20) == END64_LOCATOR) {
            long end64 = u64(end - 12);
            if (u32(end64) != END64) {
                throw damaged("no zip64 directory", end64);
            }
            count = u64(end64 + 32);
            start = u64(end64 + 48);
        }
        if (count < 0 || count > MOST_MEMBERS) {
            throw damaged("a directory of " + count + " members", end);
        }
        Map<String, ZipMember> members = new LinkedHashMap<>();
        long at = start;
        for (long i = 0; i < count; i++) {
            at = entry(at, members);
        }
        requireApart(members);
        return members;
    }

    /// Small files can say of many members that they lie in the same bytes.
    private void requireApart(Map<String, ZipMember> members) {
        long end = 0;
        String last = "";
        for (ZipMember member : members.values().stream()
                .sorted(Comparator.comparingLong(ZipMember::offset).thenComparingLong(ZipMember::byteSize))
                .toList()) {
            if (member.offset() < end) {
                throw damaged(
                        "the members " + last + " and " + member.name() + " in the same bytes",
                        member.offset() - bytes.offset());
            }
            end = member.offset() + member.byteSize();
            last = member.name();
        }
    }

    private long findEnd() {
        long start = Math.max(0, file.byteSize() - 22 - 0xffff);
        byte[] tail = file.asSlice(start).toArray(ValueLayout.JAVA_BYTE);
        for (int at = tail.length - 22; at >= 0; at--) {
            boolean isEnd = tail[at] == 'P' && u32(start + at) == END;
            if (isEnd && at + 22 + u16(start + at + 20) == tail.length) {
                return start + at;
            }
        }
        throw new TorchException(label + " is cut short: its zip directory, which ends the file, is missing ("
                + file.byteSize() + " bytes are there)\n  Copy or download it again.");
    }

    /// Adds the entry at `at` and returns where the next one is.
    private long entry(long at, Map<String, ZipMember> members) {
        if (u32(at) != ENTRY) {
            throw damaged("no directory entry", at);
        }
        int nameLength = u16(at + 28);
        String name = new String(slice(at + 46, nameLength).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
        long packed = u32(at + 20);
        long size = u32(at + 24);
        long local = u32(at + 42);
        Zip64 extra = new Zip64(at + 46 + nameLength, u16(at + 30));
        size = extra.next(size);
        packed = extra.next(packed);
        local = extra.next(local);
        if (u16(at + 10) != 0 || packed != size) {
            throw new TorchException(label + ": its member " + name
                    + " is compressed; torch never does that\n  Save the checkpoint again with torch.save.");
        }
        if (members.put(name, new ZipMember(label, name, data(local, size), (int) u32(at + 16))) != null) {
            throw damaged("the member " + name + " twice", at);
        }
        return at + 46 + nameLength + u16(at + 30) + u16(at + 32);
    }

    private FileBytes data(long local, long size) {
        if (u32(local) != LOCAL) {
            throw damaged("no member", local);
        }
        long at = local + 30 + u16(local + 26) + u16(local + 28);
        requireInside(at, size);
        return bytes.slice(at, size);
    }

    /// The zip64 extra field of an entry, which holds those of size, packed size and offset that are too large,
    /// in order.
    private final class Zip64 {
        private long at = -1;
        private long end = -1;

        Zip64(long extra, int length) {
            for (long field = extra; field + 4 <= extra + length; field += 4 + u16(field + 2)) {
                if (u16(field) == 1) {
                    at = field + 4;
                    end = at + u16(field + 2);
                }
            }
        }

        long next(long small) {
            if (small != IN_ZIP64) {
                return small;
            }
            if (at < 0 || at + 8 > end) {
                throw damaged("no zip64 size", Math.max(0, at));
            }
            at += 8;
            return u64(at - 8);
        }
    }

    private int u16(long at) {
        return slice(at, 2).get(U16, 0) & 0xffff;
    }

    private long u32(long at) {
        return slice(at, 4).get(U32, 0) & 0xffffffffL;
    }

    private long u64(long at) {
        return slice(at, 8).get(U64, 0);
    }

    private MemorySegment slice(long at, long length) {
        requireInside(at, length);
        return file.asSlice(at, length);
    }

    private void requireInside(long at, long length) {
        if (at < 0 || length < 0 || at > file.byteSize() || length > file.byteSize() - at) {
            throw damaged("a reference to " + length + " bytes", at);
        }
    }

    private TorchException damaged(String what, long at) {
        return new TorchException(label + " is damaged: it has " + what + " at byte " + at + " of " + file.byteSize()
                + "\n  Copy or download it again.");
    }
}
