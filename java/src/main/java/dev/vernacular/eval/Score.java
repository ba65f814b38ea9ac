package dev.vernacular.eval;

/// How well a model predicts a text.
///
/// @param tokens predicted
/// @param bytes  of the text in UTF-8
/// @param nll    negative log-likelihood of all tokens, nats
public record Score(long tokens, long bytes, double nll) {
    public static final Score NOTHING = new Score(0, 0, 0);

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
