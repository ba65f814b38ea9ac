package dev.vernacular.eval;

import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.kernels.Backend;
import dev.vernacular.model.GptConfig;
import dev.vernacular.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/// The check of a model right after its vocabulary was expanded, before any training, on text of the base's
/// language: nothing that the base knew may have moved.
///
/// @param bitsPerByteBase     of the base model; `bitsPerByteExpanded` of the other, each with its own
///                            tokenizer
/// @param areBaseIdsIdentical both tokenizers give the text the same ids
/// @param agreement           of the two models over the base's ids
public record StepZero(
        double bitsPerByteBase, double bitsPerByteExpanded, boolean areBaseIdsIdentical, Agreement agreement) {
    /// Bits per byte may rise by this share.
    private static final double ALLOWED_RISE = 0.01;

    /// The check of two stored models. One is in memory at a time.
    ///
    /// @param texts    of the base's language, a document each
    /// @param backends opens a backend, for each of the models
    public static StepZero of(
            List<String> texts,
            ModelFile base,
            Tokenizer baseTokenizer,
            ModelFile expanded,
            Tokenizer expandedTokenizer,
            Supplier<Backend> backends) {
        BasePredictions predictions;
        try (Backend backend = backends.get()) {
            predictions = BasePredictions.of(texts, Scorer.open(base, backend), baseTokenizer, backend);
        }
        try (Backend backend = backends.get()) {
            Scorer after = Scorer.open(expanded, backend);
            return of(texts, predictions, baseTokenizer, after, expandedTokenizer, backend);
        }
    }

    /// Bytes of the backend's device that the check of a model takes: it is held in float32.
    public static long bytes(GptConfig expanded, Backend backend) {
        return Scorer.plan(expanded, backend).bytes();
    }

    /// @param texts    of the base's language, a document each
    /// @param expanded of the later model
    public static StepZero of(
            List<String> texts,
            Scorer base,
            Tokenizer baseTokenizer,
            Scorer expanded,
            Tokenizer expandedTokenizer,
            Backend backend) {
        BasePredictions predictions = BasePredictions.of(texts, base, baseTokenizer, backend);
        return of(texts, predictions, baseTokenizer, expanded, expandedTokenizer, backend);
    }

    private static StepZero of(
            List<String> texts,
            BasePredictions predictions,
            Tokenizer baseTokenizer,
            Scorer expanded,
            Tokenizer expandedTokenizer,
            Backend backend) {
        BasePredictions.Comparison comparison = predictions.compare(expanded, expandedTokenizer, backend);
        boolean isIdentical = areIdsIdentical(texts, baseTokenizer, expandedTokenizer);
        Score after = isIdentical ? comparison.score() : expanded.score(texts, expandedTokenizer);
        return new StepZero(
                predictions.score().bitsPerByte(), after.bitsPerByte(), isIdentical, comparison.agreement());
    }

    /// Rise of bits per byte as a share of what it was; 0.01 is one percent worse.
    public double rise() {
        return bitsPerByteBase == 0 ? 0 : bitsPerByteExpanded / bitsPerByteBase - 1;
    }

    public boolean passes() {
        return areBaseIdsIdentical && bitsPerByteExpanded <= bitsPerByteBase * (1 + ALLOWED_RISE);
    }

    /// `PASS` or `FAIL`.
    public String verdict() {
        return passes() ? "PASS" : "FAIL";
    }

    private static boolean areIdsIdentical(List<String> texts, Tokenizer base, Tokenizer expanded) {
        return texts.stream().allMatch(text -> Arrays.equals(base.encodeOrdinary(text), expanded.encodeOrdinary(text)));
    }
}
