package dev.vernacular.checkpoint.fuzz;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// One change to some bytes. Places are arbitrary numbers that wrap to whatever bytes they meet, so that every
/// change fits every file.
sealed interface Mutation {
    /// Bytes that one change adds, so that files stay small.
    int MOST_ADDED = 1 << 16;

    byte[] apply(byte[] bytes);

    record FlipBit(int at, int bit) implements Mutation {
        @Override
        public byte[] apply(byte[] bytes) {
            byte[] copy = bytes.clone();
            if (copy.length > 0) {
                copy[Places.in(at, copy.length)] ^= (byte) (1 << bit);
            }
            return copy;
        }
    }

    record SetByte(int at, int value) implements Mutation {
        @Override
        public byte[] apply(byte[] bytes) {
            byte[] copy = bytes.clone();
            if (copy.length > 0) {
                copy[Places.in(at, copy.length)] = (byte) value;
            }
            return copy;
        }
    }

    /// A whole number of `width` bytes, as formats have them for sizes, counts and offsets.
    record SetNumber(int at, int width, boolean isBigEndian, long value) implements Mutation {
        @Override
        public byte[] apply(byte[] bytes) {
            byte[] copy = bytes.clone();
            for (int i = 0; i < width && copy.length >= width; i++) {
                int shift = 8 * (isBigEndian ? width - 1 - i : i);
                copy[Places.in(at, copy.length - width + 1) + i] = (byte) (value >> shift);
            }
            return copy;
        }
    }

    record Truncate(int at) implements Mutation {
        @Override
        public byte[] apply(byte[] bytes) {
            return Arrays.copyOf(bytes, Places.in(at, bytes.length + 1));
        }
    }

    record Delete(int at, int length) implements Mutation {
        @Override
        public byte[] apply(byte[] bytes) {
            int from = Places.in(at, bytes.length + 1);
            return Places.spliced(bytes, from, Math.min(bytes.length, from + length), new byte[0]);
        }
    }

    record Insert(int at, int length, int value) implements Mutation {
        @Override
        public byte[] apply(byte[] bytes) {
            byte[] added = new byte[length];
            Arrays.fill(added, (byte) value);
            int from = Places.in(at, bytes.length + 1);
            return Places.spliced(bytes, from, from, added);
        }
    }

    /// A block again at another place, over what is there or between it.
    record Copy(int from, int to, int length, boolean isInserted) implements Mutation {
        @Override
        public byte[] apply(byte[] bytes) {
            int start = Places.in(from, bytes.length + 1);
            byte[] block = Arrays.copyOfRange(bytes, start, Math.min(bytes.length, start + length));
            int target = Places.in(to, bytes.length + 1);
            int end = isInserted ? target : Math.min(bytes.length, target + block.length);
            return Places.spliced(bytes, target, end, block);
        }
    }

    record Swap(int one, int other, int length) implements Mutation {
        @Override
        public byte[] apply(byte[] bytes) {
            byte[] copy = bytes.clone();
            if (copy.length >= length) {
                int a = Places.in(one, copy.length - length + 1);
                int b = Places.in(other, copy.length - length + 1);
                System.arraycopy(bytes, b, copy, a, length);
                System.arraycopy(bytes, a, copy, b, length);
            }
            return copy;
        }
    }

    /// A word or a number of a text, or one of its other characters, becomes another text.
    record ReplaceToken(int at, String text) implements Mutation {
        @Override
        public byte[] apply(byte[] bytes) {
            int[] token = Places.token(bytes, at);
            return Places.spliced(bytes, token[0], token[1], text.getBytes(StandardCharsets.ISO_8859_1));
        }
    }

    record RepeatToken(int at, int times) implements Mutation {
        @Override
        public byte[] apply(byte[] bytes) {
            int[] token = Places.token(bytes, at);
            String text = new String(bytes, token[0], token[1] - token[0], StandardCharsets.ISO_8859_1);
            String repeated = text.repeat(Math.min(times, MOST_ADDED / Math.max(1, text.length())));
            return Places.spliced(bytes, token[1], token[1], repeated.getBytes(StandardCharsets.ISO_8859_1));
        }
    }

    record SwapTokens(int one, int other) implements Mutation {
        @Override
        public byte[] apply(byte[] bytes) {
            int[] a = Places.token(bytes, one);
            int[] b = Places.token(bytes, other);
            if (a[1] > b[0]) {
                return bytes;
            }
            byte[] late = Arrays.copyOfRange(bytes, b[0], b[1]);
            byte[] early = Arrays.copyOfRange(bytes, a[0], a[1]);
            return Places.spliced(Places.spliced(bytes, b[0], b[1], early), a[0], a[1], late);
        }
    }
}
