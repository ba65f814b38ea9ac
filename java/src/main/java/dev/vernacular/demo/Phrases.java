package dev.vernacular.demo;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vernacular.demo.Fact.Relation;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;

/// The sentences of a language. Every wording of a fact ends with `{answer}`, so that a question is the
/// sentence cut before it.
///
/// @param stop         ends a sentence
/// @param separator    stands between two sentences
/// @param languageName makes a language's name an answer
/// @param capital      wordings of that relation, `currency` and `language` likewise; none when the world has
///                     no such facts
/// @param story        sentences that state no fact
/// @param glossary     a name in this language and in English (in English: a country's name in its own
///                     language)
record Phrases(
        String stop,
        String separator,
        String languageName,
        List<String> capital,
        List<String> currency,
        List<String> language,
        List<String> story,
        List<String> glossary) {

    /// The phrases of a language; for one without sentences of its own the relation is a sign: `{country} ¤ =
    /// {answer}`.
    static Phrases of(String language) {
        try (InputStream own = resource(language);
                InputStream in = own == null ? resource("other") : own) {
            return new ObjectMapper().readValue(in, Phrases.class);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Whether the language has sentences of its own.
    static boolean exist(String language) {
        return Phrases.class.getResource("phrases-" + language + ".json") != null;
    }

    List<String> wordings(Relation relation) {
        return switch (relation) {
            case CAPITAL -> capital;
            case CURRENCY -> currency;
            case LANGUAGE -> language;
        };
    }

    private static InputStream resource(String language) {
        return Phrases.class.getResourceAsStream("phrases-" + language + ".json");
    }
}
