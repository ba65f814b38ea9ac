package dev.vernacular.tokenizer.text;

import java.util.Locale;

/// Counts the [Words] of a text that hold a letter or a digit. One thread at a time.
public final class WordCounter {
    private final Words words;

    /// @param language a language tag such as `th`; anything that is none counts by the rules common to all
    ///                 languages
    public WordCounter(String language) {
        words = new Words(Locale.forLanguageTag(language));
    }

    public long count(String text) {
        long[] count = {0};
        words.forEach(text, (from, to) -> {
            if (text.substring(from, to).codePoints().anyMatch(Character::isLetterOrDigit)) {
                count[0]++;
            }
        });
        return count[0];
    }
}
