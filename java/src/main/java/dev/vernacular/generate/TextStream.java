package dev.vernacular.generate;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/// Bytes in, text out: a token may end in the middle of a character, whose bytes wait here for the rest. Bytes
/// that are no UTF-8 become U+FFFD.
final class TextStream {
    private static final int LONGEST_CHARACTER = 4;
    private final CharsetDecoder decoder = StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPLACE)
            .onUnmappableCharacter(CodingErrorAction.REPLACE);
    private byte[] held = {};

    /// The text that `bytes` complete.
    String add(byte[] bytes) {
        return decode(bytes, false);
    }

    /// What is still held, as U+FFFD.
    String finish() {
        return decode(new byte[0], true);
    }

    private String decode(byte[] bytes, boolean isEnd) {
        ByteBuffer in = ByteBuffer.allocate(held.length + bytes.length)
                .put(held)
                .put(bytes)
                .flip();
        CharBuffer out = CharBuffer.allocate(in.remaining() + LONGEST_CHARACTER);
        decoder.decode(in, out, isEnd);
        if (isEnd) {
            decoder.flush(out);
            decoder.reset();
        }
        held = new byte[in.remaining()];
        in.get(held);
        return out.flip().toString();
    }
}
