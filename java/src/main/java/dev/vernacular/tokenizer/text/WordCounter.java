package dev.vernacular.tokenizer.text;

import java.text.BreakIterator;
import java.util.Locale;

/// Counts words as the JDK's [BreakIterator] finds them (with a dictionary for Thai): the runs that hold a letter or a
/// digit. One thread at a time.
public final class WordCounter {
    private final BreakIterator words;

    /// @param language a language tag such as `th`; anything that is none counts by the rules common to all languages
    public WordCounter(String language) {
        words = BreakIterator.getWordInstance(Locale.forLanguageTag(language));
    }

    public long count(String text) {
        words.setText(text);
        long count = 0;
        int from = words.first();
        for (int to = words.next(); to != BreakIterator.DONE; from = to, to = words.next()) {
            if (text.substring(from, to).codePoints().anyMatch(Character::isLetterOrDigit)) {
                count++;
            }
        }
        return count;
    }
}
