package dev.vernacular.eval;

import dev.vernacular.kernels.Backend;
import dev.vernacular.tokenizer.Tokenizer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A base model and what was made from it, side by side.
///
/// @param languages by name, in the order of the texts
/// @param base      how far the models are apart on the base's own language
public record BeforeAfter(Map<String, LanguageComparison> languages, StepZero base) {
    /// Evaluates both models on all texts.
    ///
    /// @param texts        documents by language code
    /// @param baseLanguage which of them is the base's
    /// @param backend      of both scorers
    /// @throws EvalException if there is no text of that name, or if the models do not belong together
    public static BeforeAfter of(
            Map<String, List<String>> texts,
            String baseLanguage,
            Scorer before,
            Tokenizer beforeTokenizer,
            Scorer after,
            Tokenizer afterTokenizer,
            Backend backend) {
        if (!texts.containsKey(baseLanguage)) {
            throw new EvalException(
                    "there is no text named " + baseLanguage + "; the texts are " + String.join(", ", texts.keySet()));
        }
        StepZero base = StepZero.of(texts.get(baseLanguage), before, beforeTokenizer, after, afterTokenizer, backend);
        Map<String, LanguageComparison> languages = new LinkedHashMap<>();
        texts.forEach((language, documents) -> languages.put(
                language, LanguageComparison.of(documents, language, before, beforeTokenizer, after, afterTokenizer)));
        return new BeforeAfter(languages, base);
    }
}
