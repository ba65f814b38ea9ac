package dev.vernacular.tokenizer.training;

import java.text.BreakIterator;
import java.util.Arrays;
import java.util.Locale;

/// Where the words of a language begin and end, found by the JDK (with a dictionary for Thai), as offsets into UTF-8.
final class WordBoundaries {
    private final BreakIterator words;

    WordBoundaries(Locale language) {
        words = BreakIterator.getWordInstance(language);
    }

    /// Ascending offsets in the UTF-8 of `text` (a lone surrogate counts as U+FFFD, three bytes).
    int[] offsets(String text) {
        words.setText(text);
        int[] offsets = new int[16];
        int size = 0;
        int at = 0;
        int bytes = 0;
        for (int end = words.first(); end != BreakIterator.DONE; end = words.next()) {
            while (at < end) {
                int codePoint = text.codePointAt(at);
                at += Character.charCount(codePoint);
                bytes += codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
            }
            if (size == offsets.length) {
                offsets = Arrays.copyOf(offsets, size * 2);
            }
            offsets[size++] = bytes;
        }
        return Arrays.copyOf(offsets, size);
    }
}
