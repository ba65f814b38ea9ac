package dev.vernacular.generate;

import dev.vernacular.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What to generate from what.
///
/// @param hparams configuration of a Lightning checkpoint that has none beside it
/// @param addsBos prompts begin with `<|endoftext|>`
public record GenerationRequest(
        Path model, Optional<Path> hparams, List<String> prompts, boolean addsBos, GenerationOptions options) {

    public GenerationRequest {
        prompts = List.copyOf(prompts);
    }

    /// The prompts' ids.
    public List<int[]> tokens(Tokenizer tokenizer) {
        return tokens(prompts, addsBos, tokenizer);
    }

    /// The ids of prompts. An empty prompt is the start of a document.
    ///
    /// @throws GenerateException if `<|endoftext|>` is wanted and the tokenizer has none
    public static List<int[]> tokens(List<String> prompts, boolean addsBos, Tokenizer tokenizer) {
        List<int[]> tokens = new ArrayList<>();
        for (String prompt : prompts) {
            int[] ids = tokenizer.encode(prompt);
            tokens.add(addsBos || ids.length == 0 ? afterEndOfText(ids, tokenizer) : ids);
        }
        return tokens;
    }

    private static int[] afterEndOfText(int[] ids, Tokenizer tokenizer) {
        if (tokenizer.endOfText() < 0) {
            throw new GenerateException("the tokenizer has no <|endoftext|> for a prompt to begin with"
                    + "\n  Give a prompt with text and inference.add_BOS=False.");
        }
        int[] longer = new int[ids.length + 1];
        longer[0] = tokenizer.endOfText();
        System.arraycopy(ids, 0, longer, 1, ids.length);
        return longer;
    }
}
