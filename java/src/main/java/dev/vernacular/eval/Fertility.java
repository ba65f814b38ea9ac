package dev.vernacular.eval;

import dev.vernacular.tokenizer.Tokenizer;
import java.text.BreakIterator;
import java.util.List;
import java.util.Locale;

/// How many tokens a word takes. Words are what `java.text.BreakIterator` finds for the language, with a letter
/// or digit in them: Thai is written without spaces.
///
/// @param tokens of the texts
/// @param words  of the texts
public record Fertility(long tokens, long words) {
    /// Counts the texts' tokens and words.
    ///
    /// @param language its code: `th`, `en`
    public static Fertility of(List<String> texts, String language, Tokenizer tokenizer) {
        BreakIterator breaks = BreakIterator.getWordInstance(Locale.forLanguageTag(language));
        long tokens = 0;
        long words = 0;
        for (String text : texts) {
            tokens += tokenizer.encodeOrdinary(text).length;
            words += words(text, breaks);
        }
        return new Fertility(tokens, words);
    }

    /// 0 for no words.
    public double tokensPerWord() {
        return words == 0 ? 0 : (double) tokens / words;
    }

    private static long words(String text, BreakIterator breaks) {
        long words = 0;
        breaks.setText(text);
        int from = breaks.first();
        for (int to = breaks.next(); to != BreakIterator.DONE; to = breaks.next()) {
            if (text.substring(from, to).codePoints().anyMatch(Character::isLetterOrDigit)) {
                words++;
            }
            from = to;
        }
        return words;
    }
}
