package dev.vernacular.tokenizer.merge;

import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.util.List;

/// What a merge of two tokenizers did.
///
/// @param guard             its name
/// @param preTokenizer      of the merged tokenizer
/// @param baseSize          tokens before
/// @param size              tokens after
/// @param addedTokens       tokens that are new
/// @param addedMerges       merges that are new
/// @param mergesInBase      merges that the base had already
/// @param droppedByGuard    merges that the guard kept out
/// @param droppedWithParts  merges of which a part was kept out
/// @param unreachable       new tokens that no text is encoded to, because base merges come first
/// @param changedCharacters characters of the base's scripts that, alone or behind a space, are cut otherwise
///                          than before
@JsonNaming(SnakeCaseStrategy.class)
public record MergeReport(
        String guard,
        String preTokenizer,
        int baseSize,
        int size,
        int addedTokens,
        int addedMerges,
        int mergesInBase,
        int droppedByGuard,
        int droppedWithParts,
        int unreachable,
        List<String> changedCharacters) {}
