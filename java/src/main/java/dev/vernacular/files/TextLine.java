package dev.vernacular.files;

import java.nio.file.Path;

/// One line of a text file, as bytes, without its line break.
///
/// @param file   where it was read
/// @param number counted from 1
/// @param bytes  the line; ends before `\n` or `\r\n`
public record TextLine(Path file, long number, byte[] bytes) {
    private static final char REPLACEMENT = '\uFFFD';

    /// `file:line`, as compilers write it.
    public String where() {
        return file + ":" + number;
    }

    /// The line's text; each malformed sequence of UTF-8 becomes U+FFFD.
    public String text() {
        return Utf8.text(bytes);
    }

    /// How many malformed sequences [#text()] replaced.
    ///
    /// @param text the result of [#text()]: decoding once is enough
    public int malformedIn(String text) {
        if (text.indexOf(REPLACEMENT) < 0) {
            return 0;
        }
        return (int) text.chars().filter(c -> c == REPLACEMENT).count() - replacementsWritten();
    }

    /// The U+FFFD that the file itself holds, EF BF BD.
    private int replacementsWritten() {
        int count = 0;
        for (int i = 0; i + 2 < bytes.length; i++) {
            if (bytes[i] == (byte) 0xEF && bytes[i + 1] == (byte) 0xBF && bytes[i + 2] == (byte) 0xBD) {
                count++;
            }
        }
        return count;
    }

    boolean isBlank() {
        for (byte b : bytes) {
            if (b != ' ' && b != '\t' && b != '\r') {
                return false;
            }
        }
        return true;
    }
}
