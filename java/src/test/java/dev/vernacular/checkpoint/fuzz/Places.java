package dev.vernacular.checkpoint.fuzz;

/// Where a mutation falls.
final class Places {
    /// Formats keep their numbers at the start (headers) and at the end (a zip's directory): half of all
    /// changes fall there.
    private static final int EDGE = 1024;

    private Places() {}

    /// A place in `[0, length)`.
    ///
    /// @param at any number, not negative
    static int in(int at, int length) {
        int edge = Math.min(EDGE, length);
        return switch (at & 3) {
            case 0 -> (at >>> 2) % edge;
            case 1 -> length - 1 - (at >>> 2) % edge;
            default -> (at >>> 2) % length;
        };
    }

    /// Start and end of the token around a place: a run of letters, of digits, or a single byte.
    static int[] token(byte[] text, int at) {
        if (text.length == 0) {
            return new int[] {0, 0};
        }
        int start = in(at, text.length);
        int end = start + 1;
        int kind = kind(text[start]);
        if (kind == 0) {
            return new int[] {start, end};
        }
        while (start > 0 && kind(text[start - 1]) == kind) {
            start--;
        }
        while (end < text.length && kind(text[end]) == kind) {
            end++;
        }
        return new int[] {start, end};
    }

    private static int kind(byte b) {
        if (b >= '0' && b <= '9') {
            return 1;
        }
        return b == '_' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' ? 2 : 0;
    }

    /// `bytes` with `[from, to)` replaced.
    static byte[] spliced(byte[] bytes, int from, int to, byte[] replacement) {
        byte[] result = new byte[bytes.length - (to - from) + replacement.length];
        System.arraycopy(bytes, 0, result, 0, from);
        System.arraycopy(replacement, 0, result, from, replacement.length);
        System.arraycopy(bytes, to, result, from + replacement.length, bytes.length - to);
        return result;
    }
}
