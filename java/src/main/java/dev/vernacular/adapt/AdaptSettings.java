package dev.vernacular.adapt;

import dev.vernacular.checkpoint.expand.RowInit;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// What to teach to which model.
///
/// @param base           the model
/// @param target         texts in the new language
/// @param replay         texts in the base's language, which are mixed in so that it is not forgotten; may be
///                       absent
/// @param out            folder of all results
/// @param vocabularySize of the target's own tokenizer, before the merge
/// @param init           how new rows are filled
/// @param replayRatio    share of training sequences that come from `replay`, from 0 to below 1
/// @param seed           of the split, the data order and dropout
/// @param prompts        texts to continue before and after; none: the beginnings of held-out documents
/// @param overrides      of the training, as `train` takes them; they win over what is chosen here
public record AdaptSettings(
        Path base,
        Texts target,
        Optional<Texts> replay,
        Path out,
        int vocabularySize,
        RowInit init,
        double replayRatio,
        long seed,
        List<String> prompts,
        List<String> overrides) {

    /// Texts of one language.
    ///
    /// @param language its code, the key of results; `auto` is told from the script
    /// @param files    names or patterns: JSON Lines, or plain text with a document a line; gzip or zstd too
    /// @param heldOut  documents that are kept for evaluation; absent: a part of `files` is
    public record Texts(String language, List<String> files, Optional<Path> heldOut) {
        public Texts {
            files = List.copyOf(files);
            if (files.isEmpty()) {
                throw new AdaptException("there is no text\n  Name one or more files with --text.");
            }
        }
    }

    public AdaptSettings {
        prompts = List.copyOf(prompts);
        overrides = List.copyOf(overrides);
        if (!(replayRatio >= 0 && replayRatio < 1)) {
            throw new AdaptException("--replay-ratio is " + replayRatio + ", it must be at least 0 and below 1");
        }
    }

    /// Whether training mixes in texts of the base's language.
    boolean replays() {
        return replay.isPresent() && replayRatio > 0;
    }
}
