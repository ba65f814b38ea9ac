package dev.vernacular.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// GPT-2's way to write any byte as a printable character, so that tokens can stand in JSON and in text files:
/// bytes that print keep their own code point, the other 68, in ascending order, become U+0100, U+0101, … (a
/// space is `Ġ`).
///
/// @see <a href="https://github.com/openai/gpt-2/blob/master/src/encoder.py">GPT-2, `bytes_to_unicode`</a>
public final class ByteAlphabet {
    private static final char[] CHARACTER = new char[256];
    private static final short[] BYTE = new short[0x144];

    static {
        Arrays.fill(BYTE, (short) -1);
        char next = 0x100;
        for (int b = 0; b < 256; b++) {
            CHARACTER[b] = prints(b) ? (char) b : next++;
            BYTE[CHARACTER[b]] = (short) b;
        }
    }

    private ByteAlphabet() {}

    private static boolean prints(int b) {
        return (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
    }

    /// The 256 characters in code-point order: the first ids of a vocabulary trained here, as in GPT-2's.
    public static char[] inOrder() {
        char[] sorted = CHARACTER.clone();
        Arrays.sort(sorted);
        return sorted;
    }

    /// The character that stands for `b`, 0 to 255.
    public static char character(int b) {
        return CHARACTER[b];
    }

    /// The byte, 0 to 255, that `character` stands for, or -1 if it stands for none.
    public static int byteOf(char character) {
        return character < BYTE.length ? BYTE[character] : -1;
    }

    /// Bytes as a token of the vocabulary files spells them.
    public static String spell(byte[] bytes) {
        char[] spelled = new char[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            spelled[i] = CHARACTER[bytes[i] & 0xFF];
        }
        return new String(spelled);
    }

    /// The bytes a token spells. A token with a character outside the alphabet spells itself, in UTF-8, as
    /// Hugging Face's byte-level decoder has it.
    public static byte[] bytes(String token) {
        byte[] bytes = new byte[token.length()];
        for (int i = 0; i < bytes.length; i++) {
            int b = byteOf(token.charAt(i));
            if (b < 0) {
                return token.getBytes(StandardCharsets.UTF_8);
            }
            bytes[i] = (byte) b;
        }
        return bytes;
    }
}
