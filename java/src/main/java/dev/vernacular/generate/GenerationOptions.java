package dev.vernacular.generate;

import dev.vernacular.kernels.Sampling;
import java.util.List;

/// How a prompt is continued.
///
/// @param tokens            new tokens at most
/// @param minTokens         before that many, `<|endoftext|>` cannot be chosen
/// @param sampling          greedy, or temperature, top-k and top-p with a seed
/// @param repetitionPenalty divides positive and multiplies negative logits of tokens that the text has (Keskar
///                          et al. 2019); 1 is none; greedy choice ignores it, as NeMo's does
/// @param endStrings        texts that end the generation when the generated text ends with them; each stays in
///                          the text
/// @param scoresPrompt      with log-probabilities of the prompt's tokens
public record GenerationOptions(
        int tokens,
        int minTokens,
        Sampling sampling,
        float repetitionPenalty,
        List<String> endStrings,
        boolean scoresPrompt) {

    public GenerationOptions {
        endStrings = List.copyOf(endStrings);
        require(tokens >= 0, "the number of tokens", tokens, "0 or more");
        require(minTokens >= 0 && minTokens <= tokens, "min_tokens_to_generate", minTokens, "0 .. " + tokens);
        float temperature = sampling.temperature();
        require(
                temperature >= 0 && Float.isFinite(temperature),
                "the temperature",
                temperature,
                "a finite number, 0 or more");
        require(sampling.topK() >= 0, "top-k", sampling.topK(), "0 (all) or more");
        require(sampling.topP() >= 0 && sampling.topP() <= 1, "top-p", sampling.topP(), "0 .. 1");
        boolean isPositive = repetitionPenalty > 0 && Float.isFinite(repetitionPenalty);
        require(isPositive, "the repetition penalty", repetitionPenalty, "positive; 1 is none");
    }

    /// The most probable token at every step.
    public static GenerationOptions greedy(int tokens) {
        return new GenerationOptions(tokens, 0, Sampling.GREEDY, 1f, List.of(), false);
    }

    boolean penalizes() {
        return repetitionPenalty != 1f && sampling.temperature() > 0;
    }

    private static void require(boolean isRight, String what, Number value, String wanted) {
        if (!isRight) {
            throw new GenerateException(what + " is " + value + ", it must be " + wanted);
        }
    }
}
