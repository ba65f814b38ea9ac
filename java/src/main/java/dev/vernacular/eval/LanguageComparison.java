package dev.vernacular.eval;

import dev.vernacular.tokenizer.Tokenizer;
import java.util.List;

/// What two models make of one language's text, each with its own tokenizer.
public record LanguageComparison(Score before, Score after, Fertility fertilityBefore, Fertility fertilityAfter) {
    /// @param texts    a document each
    /// @param language code of the texts' language
    public static LanguageComparison of(
            List<String> texts,
            String language,
            Scorer before,
            Tokenizer beforeTokenizer,
            Scorer after,
            Tokenizer afterTokenizer) {
        return new LanguageComparison(
                before.score(texts, beforeTokenizer),
                after.score(texts, afterTokenizer),
                Fertility.of(texts, language, beforeTokenizer),
                Fertility.of(texts, language, afterTokenizer));
    }

    /// Rise of bits per byte as a share of what it was; 0.01 is one percent worse.
    public double rise() {
        return before.bitsPerByte() == 0 ? 0 : after.bitsPerByte() / before.bitsPerByte() - 1;
    }
}
