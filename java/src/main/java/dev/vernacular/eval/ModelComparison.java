package dev.vernacular.eval;

import dev.vernacular.kernels.Backend;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.model.GptModel;
import dev.vernacular.tokenizer.Tokenizer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/// Two models side by side on the same tokens: a base and what was made from it.
///
/// It needs both models' logits at every position, so it takes some thousand positions and not a whole corpus.
public final class ModelComparison {
    /// Rows of logits that exist at a time.
    private static final int ROWS_AT_ONCE = 32;

    private final Scorer before;
    private final Scorer after;
    private final Backend backend;
    private final int baseIds;
    private final int afterIds;
    private final Tensor beforeLogits;
    private final Tensor afterLogits;

    /// @param base     tokenizer of the earlier model; all its ids mean the same in the later one
    /// @param extended tokenizer of the later model
    /// @param backend  of both scorers
    /// @throws EvalException if the models' contexts or the tokenizers do not agree
    public ModelComparison(Scorer before, Scorer after, Tokenizer base, Tokenizer extended, Backend backend) {
        before.requireTokenizer(base);
        after.requireTokenizer(extended);
        if (extended.size() < base.size()) {
            throw new EvalException("the later model's tokenizer has " + extended.size() + " tokens, the base's "
                    + base.size() + ": it is not an extension of it");
        }
        if (before.config().maxPositions() != after.config().maxPositions()) {
            throw new EvalException("the base model has " + before.config().maxPositions()
                    + " positions, the later one " + after.config().maxPositions() + "; they must be the same");
        }
        this.before = before;
        this.after = after;
        this.backend = backend;
        baseIds = base.size();
        afterIds = extended.size();
        beforeLogits = logits(before);
        afterLogits = logits(after);
    }

    /// Compares the models' predictions of the texts, tokenized by the base's tokenizer.
    ///
    /// @param texts a document each
    public Agreement agreement(List<String> texts, Tokenizer base) {
        List<int[]> sequences =
                texts.stream().map(text -> Scorer.sequence(text, base)).toList();
        Sums sums = new Sums();
        before.forEachBatch(sequences, packed -> compare(packed, sums));
        double count = Math.max(1, sums.positions);
        return new Agreement(sums.positions, sums.kl / count, sums.agreed / count, sums.newMass / count);
    }

    private static final class Sums {
        private long positions;
        private double kl;
        private double agreed;
        private double newMass;
    }

    private Tensor logits(Scorer scorer) {
        return backend.device()
                .allocate(Dtype.F32, ROWS_AT_ONCE, scorer.config().paddedVocabularySize());
    }

    private void compare(PackedWindows packed, Sums sums) {
        before.memory().bind();
        GptModel earlier = packed.load(before.memory());
        earlier.evaluate();
        after.memory().bind();
        GptModel later = packed.load(after.memory());
        later.evaluate();
        boolean[] counts = new boolean[earlier.batch().rows()];
        packed.forEachTarget((cell, window, target) -> counts[cell] = true);
        for (int first = 0; first < counts.length; first += ROWS_AT_ONCE) {
            int rows = Math.min(ROWS_AT_ONCE, counts.length - first);
            before.memory().bind();
            float[] p = rows(earlier, beforeLogits.slice(0, rows), first);
            after.memory().bind();
            float[] q = rows(later, afterLogits.slice(0, rows), first);
            for (int row = 0; row < rows; row++) {
                if (counts[first + row]) {
                    compareRow(p, row * (p.length / rows), q, row * (q.length / rows), q.length / rows, sums);
                }
            }
        }
    }

    private float[] rows(GptModel model, Tensor logits, int first) {
        model.logits(logits, first);
        try (Arena arena = Arena.ofShared()) {
            MemorySegment host = arena.allocate(logits.bytes(), Float.BYTES);
            backend.device().download(host, logits);
            return host.toArray(ValueLayout.JAVA_FLOAT);
        }
    }

    /// @param p logits of the earlier model from `pAt`, `q` of the later, which has `columns`
    private void compareRow(float[] p, int pAt, float[] q, int qAt, int columns, Sums sums) {
        double logP = logSumExp(p, pAt, baseIds);
        double logQ = logSumExp(q, qAt, baseIds);
        double logAll = logSumExp(q, qAt, columns);
        double kl = 0;
        for (int id = 0; id < baseIds; id++) {
            double logprob = p[pAt + id] - logP;
            kl += Math.exp(logprob) * (logprob - (q[qAt + id] - logQ));
        }
        double newMass = 0;
        for (int id = baseIds; id < afterIds; id++) {
            newMass += Math.exp(q[qAt + id] - logAll);
        }
        sums.positions++;
        sums.kl += kl;
        sums.newMass += newMass;
        sums.agreed += argmax(p, pAt, baseIds) == argmax(q, qAt, afterIds) ? 1 : 0;
    }

    private static double logSumExp(float[] logits, int at, int count) {
        double largest = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < count; i++) {
            largest = Math.max(largest, logits[at + i]);
        }
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += Math.exp(logits[at + i] - largest);
        }
        return largest + Math.log(sum);
    }

    private static int argmax(float[] logits, int at, int count) {
        int best = 0;
        for (int i = 1; i < count; i++) {
            if (logits[at + i] > logits[at + best]) {
                best = i;
            }
        }
        return best;
    }
}
