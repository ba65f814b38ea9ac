package dev.vernacular.eval;

import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.kernels.Backend;
import dev.vernacular.model.GptConfig;
import dev.vernacular.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.List;

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

    /// Positions at which the models' whole distributions are compared: enough for three digits.
    private static final int POSITIONS = 4096;

    /// The check of two stored models, each with the tokenizer that it carries or is given.
    ///
    /// @param texts of the base's language, a document each
    public static StepZero of(
            List<String> texts,
            ModelFile base,
            Tokenizer baseTokenizer,
            ModelFile expanded,
            Tokenizer expandedTokenizer,
            Backend backend) {
        Scorer before = Scorer.open(base, backend);
        Scorer after = Scorer.open(expanded, backend);
        return of(texts, before, baseTokenizer, after, expandedTokenizer, backend);
    }

    /// Bytes of the backend's device that the check of two models takes: it holds both, in float32.
    public static long bytes(GptConfig base, GptConfig expanded, Backend backend) {
        return Scorer.plan(base, backend).bytes()
                + Scorer.plan(expanded, backend).bytes();
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
        ModelComparison comparison = new ModelComparison(base, expanded, baseTokenizer, expandedTokenizer, backend);
        return new StepZero(
                base.score(texts, baseTokenizer).bitsPerByte(),
                expanded.score(texts, expandedTokenizer).bitsPerByte(),
                areIdsIdentical(texts, baseTokenizer, expandedTokenizer),
                comparison.agreement(firstTexts(texts, baseTokenizer), baseTokenizer));
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

    private static List<String> firstTexts(List<String> texts, Tokenizer tokenizer) {
        long tokens = 0;
        int count = 0;
        while (count < texts.size() && tokens < POSITIONS) {
            tokens += tokenizer.encodeOrdinary(texts.get(count++)).length;
        }
        return texts.subList(0, count);
    }
}
