package dev.vernacular.eval;

import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.tokenizer.text.WordCounter;
import java.util.List;

/// How many tokens a word takes, words being those of [WordCounter].
///
/// @param tokens of the texts
/// @param words  of the texts
public record Fertility(long tokens, long words) {
    /// Counts the texts' tokens and words.
    ///
    /// @param language its code: `th`, `en`
    public static Fertility of(List<String> texts, String language, Tokenizer tokenizer) {
        WordCounter counter = new WordCounter(language);
        long tokens = 0;
        long words = 0;
        for (String text : texts) {
            tokens += tokenizer.encodeOrdinary(text).length;
            words += counter.count(text);
        }
        return new Fertility(tokens, words);
    }

    /// 0 for no words.
    public double tokensPerWord() {
        return words == 0 ? 0 : (double) tokens / words;
    }
}
