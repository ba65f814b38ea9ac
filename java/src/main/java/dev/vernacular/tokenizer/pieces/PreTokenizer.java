package dev.vernacular.tokenizer.pieces;

import dev.vernacular.files.Utf8;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/// Cuts text into the pieces that merges never cross. Both patterns are GPT-2's, matched from left to right,
/// the first alternative that fits wins; `marks` counts combining marks (`\p{M}`: Thai vowel signs and tones,
/// Devanagari matras) as letters, so that words of such scripts stay in one piece.
///
/// The matcher is written by hand over UTF-8: linear in the text whatever it holds, with no object per piece.
///
/// @see <a href="https://github.com/openai/gpt-2/blob/master/src/encoder.py">GPT-2, `Encoder.pat`</a>
public enum PreTokenizer {
    GPT2(CharacterClasses.OTHER, "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"),
    MARKS(
            CharacterClasses.LETTER,
            "'s|'t|'re|'ve|'m|'ll|'d| ?[\\p{L}\\p{M}]+| ?\\p{N}+| ?[^\\s\\p{L}\\p{M}\\p{N}]+|\\s+(?!\\S)|\\s+");

    private final CharacterClasses classes;
    private final byte[] asciiClasses = new byte[128];
    private final String pattern;

    PreTokenizer(byte markClass, String pattern) {
        this.classes = new CharacterClasses(markClass);
        this.pattern = pattern;
        for (int c = 0; c < 128; c++) {
            asciiClasses[c] = classes.of(c);
        }
    }

    /// The name in options and configuration: `gpt2` or `marks`.
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// The pattern as a regular expression, as `tokenizer.json` records it.
    public String pattern() {
        return pattern;
    }

    /// The pre-tokenizer called `label`, if there is one.
    public static Optional<PreTokenizer> named(String label) {
        return Arrays.stream(values()).filter(p -> p.label().equals(label)).findFirst();
    }

    /// The end of the piece that starts at `at`.
    ///
    /// @param text valid UTF-8
    /// @param at   start of a character, below `end`
    /// @param end  end of the text: the pattern sees nothing beyond it
    public int pieceEnd(byte[] text, int at, int end) {
        if (text[at] == '\'') {
            int contraction = contractionEnd(text, at, end);
            if (contraction > at) {
                return contraction;
            }
        }
        int word = text[at] == ' ' ? at + 1 : at;
        if (word == end) {
            return end;
        }
        byte kind = classAt(text, word);
        return kind == CharacterClasses.SPACE ? spacesEnd(text, at, end) : runEnd(text, word, end, kind);
    }

    /// `'s|'t|'re|'ve|'m|'ll|'d`, lower case only.
    private static int contractionEnd(byte[] text, int at, int end) {
        if (at + 1 == end) {
            return at;
        }
        byte first = text[at + 1];
        if (first == 's' || first == 't' || first == 'm' || first == 'd') {
            return at + 2;
        }
        if (at + 2 == end) {
            return at;
        }
        byte second = text[at + 2];
        boolean matches = ((first == 'r' || first == 'v') && second == 'e') || (first == 'l' && second == 'l');
        return matches ? at + 3 : at;
    }

    private int runEnd(byte[] text, int from, int end, byte kind) {
        int i = from;
        while (i < end && classAt(text, i) == kind) {
            i += length(text[i]);
        }
        return i;
    }

    /// `\s+(?!\S)|\s+`: white space up to the end of the text, or all but its last character, which starts the
    /// next piece.
    private int spacesEnd(byte[] text, int from, int end) {
        int last = from;
        int i = from;
        while (i < end && classAt(text, i) == CharacterClasses.SPACE) {
            last = i;
            i += length(text[i]);
        }
        return i == end || last == from ? i : last;
    }

    private byte classAt(byte[] text, int i) {
        byte b = text[i];
        return b >= 0 ? asciiClasses[b] : classes.of(Utf8.codePoint(text, i));
    }

    private static int length(byte lead) {
        return lead >= 0 ? 1 : Utf8.length(lead);
    }
}
