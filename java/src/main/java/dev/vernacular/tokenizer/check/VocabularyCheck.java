package dev.vernacular.tokenizer.check;

import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.tokenizer.Vocabulary;
import dev.vernacular.tokenizer.Vocabulary.Merge;
import java.util.List;
import java.util.stream.IntStream;

/// Whether a merged tokenizer keeps its base, whatever the text.
///
/// @param baseIdsIdentical    every base token has its id in the merged vocabulary
/// @param baseMergesIdentical the merged merges begin with the base's, in their order
/// @param unreachable         tokens beyond the base's that no text is encoded to
/// @param unreachableExamples at most twenty of them, as the vocabulary spells them
@JsonNaming(SnakeCaseStrategy.class)
public record VocabularyCheck(
        int baseSize,
        int mergedSize,
        boolean baseIdsIdentical,
        boolean baseMergesIdentical,
        int unreachable,
        List<String> unreachableExamples) {
    private static final int EXAMPLES = 20;

    public static VocabularyCheck of(Tokenizer base, Tokenizer merged) {
        Vocabulary before = base.vocabulary();
        Vocabulary after = merged.vocabulary();
        int[] unreachable = IntStream.range(base.size(), merged.size())
                .filter(id -> !merged.isReachable(id))
                .toArray();
        return new VocabularyCheck(
                base.size(),
                merged.size(),
                startsWith(after.tokens(), before.tokens()),
                VocabularyCheck.<Merge>startsWith(after.merges(), before.merges()),
                unreachable.length,
                IntStream.of(unreachable)
                        .limit(EXAMPLES)
                        .mapToObj(after.tokens()::get)
                        .toList());
    }

    private static <T> boolean startsWith(List<T> list, List<T> start) {
        return list.size() >= start.size() && list.subList(0, start.size()).equals(start);
    }
}
