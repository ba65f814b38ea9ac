package dev.vernacular.tokenizer.pieces;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/// Which class each code point has in a pre-tokenizer's pattern. Own table of Unicode 16.0, the version that
/// Hugging Face `tokenizers` 0.23 and `tiktoken` 0.14 use, because ids must not depend on the Java that runs
/// the program.
///
/// Two stages: one row of 256 classes for each distinct run of 256 code points, about 60 kB in all.
final class CharacterClasses {
    static final byte OTHER = 0;
    static final byte LETTER = 1;
    static final byte NUMBER = 2;
    static final byte SPACE = 3;
    private static final byte MARK = 4;

    private static final String RESOURCE = "unicode-classes.txt";
    private static final int ROWS = (Character.MAX_CODE_POINT + 1) >> 8;
    private static final byte[][] TABLE = read();

    private final byte[][] rows = new byte[ROWS][];

    /// @param markClass the class of combining marks (`\p{M}`), which GPT-2's pattern sees as OTHER
    CharacterClasses(byte markClass) {
        byte[] empty = new byte[256];
        for (int r = 0; r < ROWS; r++) {
            rows[r] = TABLE[r] == null ? empty : TABLE[r].clone();
            for (int i = 0; i < 256; i++) {
                if (rows[r][i] == MARK) {
                    rows[r][i] = markClass;
                }
            }
        }
    }

    byte of(int codePoint) {
        return rows[codePoint >> 8][codePoint & 0xFF];
    }

    private static byte[][] read() {
        byte[][] table = new byte[ROWS][];
        try (InputStream in = CharacterClasses.class.getResourceAsStream(RESOURCE)) {
            new String(in.readAllBytes(), StandardCharsets.US_ASCII)
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .forEach(line -> fill(table, line.split(" ")));
        } catch (IOException e) {
            throw new UncheckedIOException("the resource " + RESOURCE + " of this jar cannot be read", e);
        }
        return table;
    }

    private static void fill(byte[][] table, String[] line) {
        byte kind = (byte) (" LNSM".indexOf(line[0]));
        for (int i = 1; i < line.length; i++) {
            String[] range = line[i].split("-");
            int last = Integer.parseInt(range[range.length - 1], 16);
            for (int c = Integer.parseInt(range[0], 16); c <= last; c++) {
                if (table[c >> 8] == null) {
                    table[c >> 8] = new byte[256];
                }
                table[c >> 8][c & 0xFF] = kind;
            }
        }
    }
}
