package dev.vernacular.eval;

import java.util.List;

/// How well a model predicts a text.
///
/// @param tokens predicted
/// @param bytes  of the text in UTF-8
/// @param nll    negative log-likelihood of all tokens, nats
public record Score(long tokens, long bytes, double nll) {
    public static final Score NOTHING = new Score(0, 0, 0);

    /// The score of sequences.
    ///
    /// @param logprobs of each sequence's predicted tokens, nats
    /// @param bytes    of the text they stand for
    public static Score of(List<float[]> logprobs, long bytes) {
        double nll = 0;
        long tokens = 0;
        for (float[] sequence : logprobs) {
            tokens += sequence.length;
            for (float logprob : sequence) {
                nll -= logprob;
            }
        }
        return new Score(tokens, bytes, nll);
    }

    /// Of this text and another.
    public Score plus(Score other) {
        return new Score(tokens + other.tokens, bytes + other.bytes, nll + other.nll);
    }

    /// A token; 1 for no text.
    public double perplexity() {
        return tokens == 0 ? 1 : Math.exp(nll / tokens);
    }

    /// What can be compared between tokenizers; 0 for no text.
    public double bitsPerByte() {
        return bytes == 0 ? 0 : nll / Math.log(2) / bytes;
    }
}
