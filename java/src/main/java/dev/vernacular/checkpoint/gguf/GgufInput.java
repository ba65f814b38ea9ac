package dev.vernacular.checkpoint.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/// The head of a GGUF file, read from a place onwards. Nothing is allocated for a length before the bytes are
/// known to be there.
final class GgufInput {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MemorySegment head;
    private final String label;
    private long at;

    /// @param label names the file in errors
    GgufInput(MemorySegment head, String label, long at) {
        this.head = head;
        this.label = label;
        this.at = at;
    }

    /// The same head from another place.
    GgufInput from(long place) {
        return new GgufInput(head, label, place);
    }

    long position() {
        return at;
    }

    byte int8(String what) {
        return head.get(ValueLayout.JAVA_BYTE, advance(1, what));
    }

    short int16(String what) {
        return head.get(SHORT, advance(2, what));
    }

    int int32(String what) {
        return head.get(INT, advance(4, what));
    }

    long int64(String what) {
        return head.get(LONG, advance(8, what));
    }

    /// A number of things of which each takes at least `smallest` bytes from here on.
    long count(String what, long smallest) {
        long start = at;
        long count = int64(what);
        if (count < 0 || count > (head.byteSize() - at) / smallest) {
            throw new GgufException(label + ": " + what + ", at byte " + start + ", is " + Long.toUnsignedString(count)
                    + ", more than the file holds\n  It is cut short or damaged.");
        }
        return count;
    }

    /// A length and as many bytes of UTF-8.
    String text(String what, int longest) {
        long start = at;
        long length = count("the length of " + what, 1);
        if (length > longest) {
            throw new GgufException(
                    label + ": " + what + ", at byte " + start + ", has " + length + " bytes, the limit is " + longest);
        }
        long from = advance(length, what);
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(head.asSlice(from, length).asByteBuffer())
                    .toString();
        } catch (CharacterCodingException e) {
            throw new GgufException(label + ": " + what + ", at byte " + start + ", is not UTF-8", e);
        }
    }

    void skip(long bytes, String what) {
        advance(bytes, what);
    }

    private long advance(long bytes, String what) {
        if (bytes > head.byteSize() - at) {
            throw new GgufException(label + ": its head ends at byte " + head.byteSize() + ", inside " + what
                    + "\n  The file is cut short or damaged.");
        }
        long start = at;
        at += bytes;
        return start;
    }
}
