package dev.vernacular.files;

import java.nio.charset.StandardCharsets;

/// UTF-8 as the tokenizer needs it: what no text can hold (lone surrogates, malformed bytes) becomes U+FFFD, as
/// it does in `tiktoken` and in Hugging Face `tokenizers`.
public final class Utf8 {
    private static final char REPLACEMENT = '\uFFFD';

    private Utf8() {}

    /// The bytes of `text`; a surrogate without its other half counts as U+FFFD (Java's own encoder writes
    /// `?`).
    public static byte[] bytes(String text) {
        int lone = nextLoneSurrogate(text, 0);
        if (lone == text.length()) {
            return text.getBytes(StandardCharsets.UTF_8);
        }
        StringBuilder mended = new StringBuilder(text);
        for (int i = lone; i < text.length(); i = nextLoneSurrogate(text, i + 1)) {
            mended.setCharAt(i, REPLACEMENT);
        }
        return mended.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static int nextLoneSurrogate(String text, int from) {
        int i = from;
        while (i < text.length()) {
            char c = text.charAt(i);
            if (!Character.isSurrogate(c)) {
                i++;
            } else if (Character.isHighSurrogate(c)
                    && i + 1 < text.length()
                    && Character.isLowSurrogate(text.charAt(i + 1))) {
                i += 2;
            } else {
                return i;
            }
        }
        return i;
    }

    /// The text of `bytes`, each maximal malformed part replaced by one U+FFFD (Unicode 16.0, section 3.9, as
    /// Python and Rust do). Java's decoder differs in one case, a surrogate in UTF-8 (`ED A0` to `ED BF`),
    /// which has no well-formed part: spoiling its lead makes Java count the bytes one by one.
    public static String text(byte[] bytes) {
        byte[] spoiled = bytes;
        for (int i = 0; i + 1 < bytes.length; i++) {
            if (bytes[i] == (byte) 0xED && (bytes[i + 1] & 0xFF) >= 0xA0 && (bytes[i + 1] & 0xFF) < 0xC0) {
                spoiled = spoiled == bytes ? bytes.clone() : spoiled;
                spoiled[i] = (byte) 0xFF;
            }
        }
        return new String(spoiled, StandardCharsets.UTF_8);
    }

    /// The number of bytes of the character that a byte ≥ 0x80 leads.
    public static int length(byte lead) {
        return lead < (byte) 0xE0 ? 2 : lead < (byte) 0xF0 ? 3 : 4;
    }

    /// The character beyond ASCII that starts at `i` of well-formed UTF-8.
    public static int codePoint(byte[] utf8, int i) {
        int lead = utf8[i];
        return switch (length(utf8[i])) {
            case 2 -> (lead & 0x1F) << 6 | utf8[i + 1] & 0x3F;
            case 3 -> (lead & 0x0F) << 12 | (utf8[i + 1] & 0x3F) << 6 | utf8[i + 2] & 0x3F;
            default ->
                (lead & 0x07) << 18 | (utf8[i + 1] & 0x3F) << 12 | (utf8[i + 2] & 0x3F) << 6 | utf8[i + 3] & 0x3F;
        };
    }
}
