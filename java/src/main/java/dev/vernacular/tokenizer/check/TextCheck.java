package dev.vernacular.tokenizer.check;

import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;

/// Two tokenizers on one text.
///
/// @param words             as [dev.vernacular.tokenizer.text.WordCounter] counts in the language the text is
///                          named after
/// @param changedBaseTokens the share of the base's tokens that the merged tokenizer does not give
/// @param roundTrip         whether both tokenizers give every document back from its ids
@JsonNaming(SnakeCaseStrategy.class)
public record TextCheck(
        long documents,
        long bytes,
        long characters,
        long words,
        Fertility base,
        Fertility merged,
        double changedBaseTokens,
        boolean roundTrip) {

    /// How many tokens a text takes.
    @JsonNaming(SnakeCaseStrategy.class)
    public record Fertility(long tokens, double perCharacter, double perByte, double perWord) {
        static Fertility of(long tokens, long characters, long bytes, long words) {
            return new Fertility(tokens, share(tokens, characters), share(tokens, bytes), share(tokens, words));
        }

        private static double share(long part, long whole) {
            return whole == 0 ? 0 : (double) part / whole;
        }
    }
}
