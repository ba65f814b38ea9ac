package dev.vernacular.checkpoint.pickle;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// The bytes of a pickle and the next one to read. Every length is checked against what is left before it is
/// used.
final class PickleInput {
    private static final int LONGEST_LINE = 1024;
    private final byte[] bytes;
    private final ByteBuffer numbers;
    private final String label;
    private int position;

    PickleInput(byte[] bytes, String label) {
        this.bytes = bytes;
        this.numbers = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        this.label = label;
    }

    String label() {
        return label;
    }

    long position() {
        return position;
    }

    int u8() {
        return bytes[take(1)] & 0xff;
    }

    int u16() {
        return numbers.getShort(take(2)) & 0xffff;
    }

    long u32() {
        return numbers.getInt(take(4)) & 0xffffffffL;
    }

    long i64() {
        return numbers.getLong(take(8));
    }

    double bigEndianDouble() {
        return Double.longBitsToDouble(Long.reverseBytes(i64()));
    }

    byte[] bytes(long length) {
        int from = take(length);
        return Arrays.copyOfRange(bytes, from, position);
    }

    String utf8(long length) {
        return new String(bytes, take(length), (int) length, StandardCharsets.UTF_8);
    }

    String latin1(long length) {
        return new String(bytes, take(length), (int) length, StandardCharsets.ISO_8859_1);
    }

    /// Text up to a line break, which is consumed.
    String line() {
        int end = position;
        while (end < bytes.length && bytes[end] != '\n' && end - position <= LONGEST_LINE) {
            end++;
        }
        if (end >= bytes.length || bytes[end] != '\n') {
            throw new PickleException(label, position, "a name does not end");
        }
        String text = utf8(end - position);
        position++;
        return text;
    }

    /// A frame only groups what follows.
    void skipFrameHeader() {
        long length = i64();
        if (length < 0 || length > bytes.length - position) {
            throw cutShort(length);
        }
    }

    private int take(long length) {
        if (length < 0 || length > bytes.length - position) {
            throw cutShort(length);
        }
        int from = position;
        position += (int) length;
        return from;
    }

    private PickleException cutShort(long length) {
        return new PickleException(
                label,
                position,
                "the pickle is cut short or damaged: " + length + " bytes are wanted, " + (bytes.length - position)
                        + " are left");
    }
}
