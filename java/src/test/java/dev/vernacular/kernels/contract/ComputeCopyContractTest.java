package dev.vernacular.kernels.contract;

import static dev.vernacular.kernels.contract.Memory.NONE;
import static dev.vernacular.kernels.contract.Storage.Role.ACTIVATION;
import static dev.vernacular.kernels.contract.Storage.Role.PARAMETER;
import static org.assertj.core.api.Assertions.assertThat;

import dev.vernacular.kernels.Activation;
import dev.vernacular.kernels.AdamW;
import dev.vernacular.kernels.Dropout;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Kernels;
import dev.vernacular.kernels.ParameterSegments;
import dev.vernacular.kernels.ParameterSegments.Segment;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.Weight;
import dev.vernacular.kernels.numbers.Elements;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Decoding's copies, bfloat16, float16 and int8, on backends that make them: against what their own rows say.
class ComputeCopyContractTest {
    private static final long ROWS = 67;
    private static final long COLS = 45;

    static Stream<Arguments> cases() {
        return Contract.product(Storage.activations(), Dtype.BF16, Dtype.F16, Dtype.I8);
    }

    @ParameterizedTest(name = "{0}, {2}")
    @MethodSource("cases")
    void rowsOfACopyAreTheMasterRounded(Target target, Storage storage, Dtype copyDtype) {
        try (Memory memory = target.memory(new Storage(Dtype.F32, Dtype.F32))) {
            Tensor master = memory.parameter("master", ROWS, COLS);
            Tensor rows = memory.output(PARAMETER, "rows", Bound.ANYTHING, 11, COLS);

            Contract.run(target.first(), memory, (kernels, same) -> {
                Weight copy = copy(kernels, memory, master, copyDtype);
                kernels.computeCopyRows(rows, copy, 13);
            });

            for (int row = 0; row < 11; row++) {
                assertRow(Elements.all(rows.slice(row, 1)), Elements.all(master.slice(13 + row, 1)), copyDtype);
            }
            memory.assertOnlyOutputsWereWritten();
        }
    }

    private static void assertRow(double[] got, double[] master, Dtype copyDtype) {
        double largest = 0;
        for (double value : master) {
            largest = Math.max(largest, Math.abs(value));
        }
        for (int i = 0; i < got.length; i++) {
            if (copyDtype == Dtype.I8) {
                assertThat(Math.abs(got[i] - master[i])).isLessThanOrEqualTo(largest / 127 * 0.5001);
            } else {
                assertThat(got[i]).isEqualTo(Elements.round(master[i], copyDtype));
            }
        }
    }

    @ParameterizedTest(name = "{0}, {1}, {2}")
    @MethodSource("cases")
    void linearReadsTheCopy(Target target, Storage storage, Dtype copyDtype) {
        for (long tokens : new long[] {1, 3, 20}) {
            Contract.check(target, storage, (kernels, memory) -> {
                Weight weight = rounded(kernels, memory, target, copyDtype);
                Bound bound = Bound.product(COLS).plus(Bound.ACTIVATION).plus(dequantised(storage, copyDtype));
                Tensor y = memory.output(ACTIVATION, "y", bound, tokens, ROWS);
                Tensor x = memory.input(ACTIVATION, "x", 0.3, tokens, COLS);

                kernels.linearForward(y, NONE, x, weight, memory.parameter("bias", ROWS), Activation.GELU_TANH);
            });
        }
    }

    @ParameterizedTest(name = "{0}, {1}, {2}")
    @MethodSource("cases")
    void logitsAndEmbeddingReadTheCopy(Target target, Storage storage, Dtype copyDtype) {
        Contract.check(target, storage, (kernels, memory) -> {
            Weight weight = rounded(kernels, memory, target, copyDtype);
            Tensor logits = memory.output(
                    PARAMETER, "logits", Bound.product(COLS).plus(dequantised(storage, copyDtype)), 3, ROWS);
            Tensor out = memory.output(ACTIVATION, "out", Bound.RESIDUAL_SUM, 5, COLS);

            kernels.classifierLogits(logits, memory.activation("hidden", 3, COLS), weight);
            kernels.embeddingForward(
                    out, memory.randomIntegers("ids", (int) ROWS, 5), NONE, weight, NONE, Dropout.none(5));
        });
    }

    @ParameterizedTest(name = "{0}, {2}")
    @MethodSource("cases")
    void anUpdateRefreshesTheCopy(Target target, Storage storage, Dtype copyDtype) {
        try (Memory memory = target.memory(new Storage(Dtype.F32, Dtype.F32))) {
            Tensor masters = memory.updated(PARAMETER, "masters", 1, Bound.ANYTHING, ROWS * COLS);
            Tensor m = memory.updated(PARAMETER, "m", 1, Bound.ANYTHING, ROWS * COLS);
            Tensor v = memory.updated(PARAMETER, new double[(int) (ROWS * COLS)], "v", Bound.ANYTHING, ROWS * COLS);
            Tensor gradients = memory.parameter("gradients", ROWS * COLS);
            Tensor rows = memory.output(PARAMETER, "rows", Bound.ANYTHING, ROWS, COLS);

            Contract.run(target.first(), memory, (kernels, same) -> {
                Weight weight = copy(kernels, memory, masters.reshape(ROWS, COLS), copyDtype);
                Segment segment = new Segment(0, ROWS, COLS, weight.copy(), copyDtype, 0.1f, 1f, false);
                ParameterSegments segments = ParameterSegments.upload(target.device(), List.of(segment));
                kernels.gradientNorm(gradients, segments, 1f);
                kernels.adamwUpdate(masters, m, v, gradients, segments, new AdamW(0.9f, 0.95f, 1e-8f));
                kernels.computeCopyRows(rows, weight, 0);
            });

            Tensor matrix = masters.reshape(ROWS, COLS);
            for (int row = 0; row < ROWS; row++) {
                assertRow(Elements.all(rows.slice(row, 1)), Elements.all(matrix.slice(row, 1)), copyDtype);
            }
        }
    }

    private static Bound dequantised(Storage storage, Dtype copyDtype) {
        return copyDtype == storage.activation() ? Bound.EXACT : Bound.roundedFactors(storage.activation());
    }

    /// For a backend its copy; for the reference in double a master with the values of that backend's copy.
    private static Weight rounded(Kernels kernels, Memory memory, Target target, Dtype copyDtype) {
        double[] values;
        try (Memory own = target.memory(new Storage(Dtype.F32, Dtype.F32))) {
            Tensor master = own.parameter("master", ROWS, COLS);
            Tensor rows = own.output(PARAMETER, "rows", Bound.ANYTHING, ROWS, COLS);
            Weight copy = copy(target.first(), own, master, copyDtype);
            target.first().computeCopyRows(rows, copy, 0);
            target.device().synchronize();
            values = Elements.all(rows);
            if (!memory.isDouble()) {
                return copy(kernels, memory, memory.parameter("master", ROWS, COLS), copyDtype);
            }
        }
        return Weight.ofMaster(memory.input(PARAMETER, values, ROWS, COLS));
    }

    private static Weight copy(Kernels kernels, Memory memory, Tensor master, Dtype copyDtype) {
        Tensor bytes = memory.bytes(kernels.computeCopyBytes(ROWS, COLS, copyDtype, false), 64);
        Weight weight = new Weight(NONE, bytes, copyDtype, ROWS, COLS);
        kernels.computeCopyRefresh(weight, master);
        return weight;
    }
}
