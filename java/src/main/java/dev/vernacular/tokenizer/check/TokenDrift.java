package dev.vernacular.tokenizer.check;

import dev.vernacular.tokenizer.Tokenizer;

/// How many of a tokenizer's tokens another one gives for the same text: same id, same bytes.
public final class TokenDrift {
    private final Tokenizer base;
    private final Tokenizer other;
    private long tokens;
    private long changed;

    public TokenDrift(Tokenizer base, Tokenizer other) {
        this.base = base;
        this.other = other;
    }

    /// Compares what the two make of one document.
    public void add(String document) {
        add(base.encode(document), other.encode(document));
    }

    void add(int[] before, int[] after) {
        long ends = 0; // of `before`, in bytes
        long at = 0;
        int k = 0;
        for (int id : before) {
            while (k < after.length && at < ends) {
                at += other.length(after[k++]);
            }
            boolean isSame = at == ends && k < after.length && after[k] == id;
            changed += isSame ? 0 : 1;
            ends += base.length(id);
        }
        tokens += before.length;
    }

    /// Tokens of the base.
    public long tokens() {
        return tokens;
    }

    /// The share of the base's tokens that changed, 0 to 1.
    public double share() {
        return tokens == 0 ? 0 : (double) changed / tokens;
    }
}
