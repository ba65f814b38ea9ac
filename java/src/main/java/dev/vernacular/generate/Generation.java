package dev.vernacular.generate;

import java.util.List;

/// A prompt and what the model made of it.
///
/// @param prompt         its tokens
/// @param tokens         the new tokens, a final `<|endoftext|>` included
/// @param logprobs       one for each new token: log softmax, before temperature, over the ids that may be
///                       chosen
/// @param promptLogprobs one for each of the prompt's tokens but the first, over all rows of the vocabulary, as
///                       NeMo's `compute_logprob`; empty unless asked for
/// @param text           the new tokens' text, without a final `<|endoftext|>`; empty for a model without a
///                       tokenizer
/// @param seconds        from the batch's start to this text's end
public record Generation(
        List<Integer> prompt,
        List<Integer> tokens,
        List<Float> logprobs,
        List<Float> promptLogprobs,
        String text,
        Stop stop,
        double seconds) {

    public double tokensPerSecond() {
        return tokens.isEmpty() ? 0 : tokens.size() / seconds;
    }
}
