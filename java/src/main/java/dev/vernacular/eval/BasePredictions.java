package dev.vernacular.eval;

import dev.vernacular.files.Utf8;
import dev.vernacular.kernels.Backend;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.model.GptModel;
import dev.vernacular.tokenizer.Tokenizer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/// What a base model predicts of some texts, kept to compare a later model with when the base is no longer in
/// memory: how likely the texts are, and at their first places the logits of the base tokenizer's ids.
public final class BasePredictions {
    /// Rows of logits that exist at a time.
    private static final int ROWS_AT_ONCE = 32;

    /// Places at which whole distributions are compared: enough for three digits.
    private static final long MOST_PLACES = 4096;

    private static final long MOST_KEPT_BYTES = 512L << 20;

    private final Tokenizer base;
    private final int maxPositions;
    private final List<int[]> sequences;
    private final long bytes;
    private final long places;
    private final MemorySegment kept; // [places, ids of the base] float32
    private final Score score;

    /// Receives the logits of a place.
    @FunctionalInterface
    private interface Place {
        /// @param logits of several rows, this one's from `at`
        void accept(long place, float[] logits, int at, int columns);
    }

    private BasePredictions(List<String> texts, Scorer scorer, Tokenizer base, Backend backend) {
        this.base = base;
        maxPositions = scorer.config().maxPositions();
        sequences = texts.stream().map(text -> Scorer.sequence(text, base)).toList();
        bytes = texts.stream().mapToLong(text -> Utf8.bytes(text).length).sum();
        long tokens = sequences.stream().mapToLong(ids -> ids.length - 1).sum();
        long rowBytes = (long) base.size() * Float.BYTES;
        places = Math.min(tokens, Math.min(MOST_PLACES, MOST_KEPT_BYTES / rowBytes));
        kept = Arena.ofAuto().allocate(Math.max(1, places * rowBytes), Float.BYTES);
        score = predict(
                scorer,
                backend,
                (place, logits, at, columns) ->
                        MemorySegment.copy(logits, at, kept, ValueLayout.JAVA_FLOAT, place * rowBytes, base.size()));
    }

    /// Runs the base model over texts, a document each.
    ///
    /// @param base    its tokenizer
    /// @param backend of the scorer
    public static BasePredictions of(List<String> texts, Scorer scorer, Tokenizer base, Backend backend) {
        scorer.requireTokenizer(base);
        return new BasePredictions(texts, scorer, base, backend);
    }

    /// Of the texts, by the base model.
    public Score score() {
        return score;
    }

    /// A later model on the same tokens.
    ///
    /// @param score of the texts in the base's ids
    public record Comparison(Agreement agreement, Score score) {}

    /// Runs a later model over the same tokens.
    ///
    /// @param extended its tokenizer; all ids of the base mean the same in it
    /// @param backend  of the scorer
    /// @throws EvalException if the models' contexts or the tokenizers do not agree
    public Comparison compare(Scorer later, Tokenizer extended, Backend backend) {
        later.requireTokenizer(extended);
        if (extended.size() < base.size()) {
            throw new EvalException("the later model's tokenizer has " + extended.size() + " tokens, the base's "
                    + base.size() + ": it is not an extension of it");
        }
        if (later.config().maxPositions() != maxPositions) {
            throw new EvalException("the base model has " + maxPositions + " positions, the later one "
                    + later.config().maxPositions() + "; they must be the same");
        }
        Sums sums = new Sums(base.size(), extended.size());
        float[] before = new float[base.size()];
        Score likelihood = predict(later, backend, (place, logits, at, columns) -> {
            long rowAt = place * base.size() * Float.BYTES;
            MemorySegment.copy(kept, ValueLayout.JAVA_FLOAT, rowAt, before, 0, before.length);
            sums.add(before, logits, at, columns);
        });
        return new Comparison(sums.agreement(), likelihood);
    }

    /// One pass over the sequences. Both models pack their windows alike, so places have the same numbers.
    private Score predict(Scorer scorer, Backend backend, Place action) {
        Tensor logits = backend.device()
                .allocate(Dtype.F32, ROWS_AT_ONCE, scorer.config().paddedVocabularySize());
        double[] nll = new double[1];
        long[] tokens = new long[2]; // predicted, and of those seen by the action
        scorer.forEachBatch(sequences, packed -> {
            GptModel model = packed.load(scorer.memory());
            model.evaluate();
            float[] losses = scorer.losses(model);
            boolean[] counts = new boolean[losses.length];
            packed.forEachTarget((cell, window, target) -> {
                nll[0] += losses[cell];
                tokens[0]++;
                counts[cell] = true;
            });
            for (int first = 0; first < counts.length && tokens[1] < places; first += ROWS_AT_ONCE) {
                int rows = Math.min(ROWS_AT_ONCE, counts.length - first);
                float[] values = rows(model, logits.slice(0, rows), first, backend);
                for (int row = 0; row < rows; row++) {
                    if (counts[first + row] && tokens[1] < places) {
                        action.accept(tokens[1]++, values, row * (values.length / rows), values.length / rows);
                    }
                }
            }
        });
        return new Score(tokens[0], bytes, nll[0]);
    }

    private static float[] rows(GptModel model, Tensor logits, int first, Backend backend) {
        model.logits(logits, first);
        try (Arena arena = Arena.ofShared()) {
            MemorySegment host = arena.allocate(logits.bytes(), Float.BYTES);
            backend.device().download(host, logits);
            return host.toArray(ValueLayout.JAVA_FLOAT);
        }
    }

    private static final class Sums {
        private final int baseIds;
        private final int afterIds;
        private long positions;
        private double kl;
        private double agreed;
        private double newMass;

        private Sums(int baseIds, int afterIds) {
            this.baseIds = baseIds;
            this.afterIds = afterIds;
        }

        /// @param p logits of the earlier model, `q` of the later from `at`, which has `columns`
        private void add(float[] p, float[] q, int at, int columns) {
            double logP = logSumExp(p, 0, baseIds);
            double logQ = logSumExp(q, at, baseIds);
            double logAll = logSumExp(q, at, columns);
            for (int id = 0; id < baseIds; id++) {
                double logprob = p[id] - logP;
                kl += Math.exp(logprob) * (logprob - (q[at + id] - logQ));
            }
            for (int id = baseIds; id < afterIds; id++) {
                newMass += Math.exp(q[at + id] - logAll);
            }
            positions++;
            agreed += argmax(p, 0, baseIds) == argmax(q, at, afterIds) ? 1 : 0;
        }

        private Agreement agreement() {
            double count = Math.max(1, positions);
            return new Agreement(positions, kl / count, agreed / count, newMass / count);
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
}
