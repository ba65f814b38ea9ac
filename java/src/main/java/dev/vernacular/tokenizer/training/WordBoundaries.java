package dev.vernacular.tokenizer.training;

import dev.vernacular.tokenizer.text.Words;
import java.util.Locale;
import java.util.stream.IntStream;

/// Where the words of a language end, as offsets into UTF-8.
final class WordBoundaries {
    private final Words words;

    WordBoundaries(Locale language) {
        words = new Words(language);
    }

    /// Ascending offsets in the UTF-8 of `text` (a lone surrogate counts as U+FFFD, three bytes).
    int[] offsets(String text) {
        IntStream.Builder offsets = IntStream.builder();
        int[] bytes = {0};
        words.forEach(text, (from, to) -> {
            bytes[0] += utf8Length(text, from, to);
            offsets.add(bytes[0]);
        });
        return offsets.build().toArray();
    }

    private static int utf8Length(String text, int from, int to) {
        int bytes = 0;
        for (int at = from; at < to; ) {
            int codePoint = text.codePointAt(at);
            at += Character.charCount(codePoint);
            bytes += codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
        }
        return bytes;
    }
}
