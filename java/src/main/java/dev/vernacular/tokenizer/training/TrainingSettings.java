package dev.vernacular.tokenizer.training;

import dev.vernacular.tokenizer.TokenizerException;
import dev.vernacular.tokenizer.Vocabulary;
import dev.vernacular.tokenizer.pieces.PreTokenizer;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// What a vocabulary is trained to.
///
/// @param vocabularySize bytes, merges and specials together; fewer come out if the text has no more pairs
/// @param preTokenizer   how text is cut into pieces
/// @param words          a language at whose word boundaries ([java.text.BreakIterator]) pieces are cut once
///                       more while training: merges then stay within words in scripts that write no spaces
/// @param minFrequency   a pair seen less often is not merged
/// @param specials       tokens recognised as they stand; they take the last ids, in this order
public record TrainingSettings(
        int vocabularySize,
        PreTokenizer preTokenizer,
        Optional<Locale> words,
        long minFrequency,
        List<String> specials) {
    public TrainingSettings {
        specials = List.copyOf(specials);
        if (vocabularySize < 256 + specials.size()) {
            throw new TokenizerException("a vocabulary of " + vocabularySize + " is too small: the 256 bytes and "
                    + specials.size() + " special tokens alone are " + (256 + specials.size()));
        }
        if (minFrequency < 1) {
            throw new TokenizerException("the minimum frequency is " + minFrequency + ", it is at least 1");
        }
        if (new HashSet<>(specials).size() < specials.size() || specials.contains("")) {
            throw new TokenizerException("special tokens are " + specials + ": each stands once and none is empty");
        }
    }

    /// GPT-2's pattern, pairs seen twice, `<|endoftext|>` as the last id.
    public static TrainingSettings of(int vocabularySize) {
        return new TrainingSettings(
                vocabularySize, PreTokenizer.GPT2, Optional.empty(), 2, List.of(Vocabulary.END_OF_TEXT));
    }
}
