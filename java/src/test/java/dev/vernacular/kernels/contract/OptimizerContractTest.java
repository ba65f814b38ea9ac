package dev.vernacular.kernels.contract;

import static dev.vernacular.kernels.contract.Memory.NONE;
import static dev.vernacular.kernels.contract.Storage.Role.PARAMETER;
import static org.assertj.core.api.Assertions.assertThat;

import dev.vernacular.kernels.AdamW;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.ParameterSegments;
import dev.vernacular.kernels.ParameterSegments.Segment;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.memory.Device;
import dev.vernacular.kernels.memory.StepBlock;
import dev.vernacular.kernels.numbers.Elements;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class OptimizerContractTest {
    private static final Storage FLOATS = new Storage(Dtype.F32, Dtype.F32);
    private static final AdamW ADAMW = new AdamW(0.9f, 0.95f, 1e-8f);
    private static final int ELEMENTS = 9000;
    /// Sum of squares in float64, or compensated.
    private static final double NORM = 1e-6;

    static Stream<Target> targets() {
        return Target.all();
    }

    /// Odd sizes, a gap, a frozen tensor, a tensor that does not decay.
    private static ParameterSegments segments(Device device) {
        return ParameterSegments.upload(
                device,
                List.of(
                        new Segment(0, 33, 61, NONE, Dtype.F32, 0.1f, 1f, false),
                        new Segment(2048, 7, 1, NONE, Dtype.F32, 0f, 0.5f, false),
                        new Segment(2112, 100, 1, NONE, Dtype.F32, 0.1f, 1f, true),
                        new Segment(2240, 1, 6757, NONE, Dtype.F32, 0.01f, 2f, false)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("targets")
    void anUpdateFollowsTheFormulaAndLeavesFrozenTensorsAndGapsAlone(Target target) {
        ParameterSegments segments = segments(target.device());
        Contract.check(target, FLOATS, (kernels, memory) -> {
            Tensor masters = memory.updated(PARAMETER, "masters", 1, Bound.ADAMW, ELEMENTS);
            Tensor m = memory.updated(PARAMETER, "m", 1, Bound.ADAMW, ELEMENTS);
            double[] squares = Arrays.stream(Elements.all(memory.parameter("v", ELEMENTS)))
                    .map(x -> Elements.round(x * x, Dtype.F32))
                    .toArray();
            Tensor v = memory.updated(PARAMETER, squares, "moments", Bound.ADAMW, ELEMENTS);
            Tensor gradients = memory.parameter("gradients", ELEMENTS);

            kernels.gradientNorm(gradients, segments, 1f);
            kernels.adamwUpdate(masters, m, v, gradients, segments, ADAMW);
        });
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("targets")
    void theNormIsThatOfUnscaledGradientsOfWhatIsNotFrozen(Target target) {
        try (Memory memory = target.memory(FLOATS)) {
            ParameterSegments segments = segments(target.device());
            Tensor gradients = memory.parameter("gradients", ELEMENTS);
            double squares = 0;
            double[] values = Elements.all(gradients);
            for (Segment segment : segments.list()) {
                for (long i = 0; !segment.frozen() && i < segment.rows() * segment.cols(); i++) {
                    squares += Math.pow(values[(int) (segment.offset() + i)], 2);
                }
            }
            double norm = Math.sqrt(squares) / Contract.LOSS_SCALE;

            Tensor step = Contract.run(
                    target.first(), memory, (kernels, same) -> kernels.gradientNorm(gradients, segments, 0.5f));

            assertThat(gradientNorm(step)).isCloseTo(norm, within(norm));
            double scale = 0.5 / (norm + 1e-6) / Contract.LOSS_SCALE;
            assertThat((double) StepBlock.gradientScale(step)).isCloseTo(scale, within(scale));
            assertThat(StepBlock.skipped(step)).isFalse();
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("targets")
    void withoutClippingTheScaleIsThatOfTheLossAlone(Target target) {
        try (Memory memory = target.memory(FLOATS)) {
            Tensor gradients = memory.parameter("gradients", ELEMENTS);

            Tensor step = Contract.run(
                    target.first(),
                    memory,
                    (kernels, same) -> kernels.gradientNorm(gradients, segments(target.device()), 0f));

            assertThat(StepBlock.gradientScale(step)).isEqualTo(1 / Contract.LOSS_SCALE);
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("targets")
    void aGradientThatIsNotFiniteSkipsTheUpdate(Target target) {
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            try (Memory memory = target.memory(FLOATS)) {
                ParameterSegments segments = segments(target.device());
                Tensor gradients = memory.updated(PARAMETER, "gradients", 1, Bound.EXACT, ELEMENTS);
                gradients.segment().setAtIndex(ValueLayout.JAVA_FLOAT, 4999 - 3, bad);
                Tensor masters = memory.parameter("masters", ELEMENTS);
                Tensor m = memory.parameter("m", ELEMENTS);
                Tensor v = memory.parameter("v", ELEMENTS);

                Tensor step = Contract.run(target.first(), memory, (kernels, same) -> {
                    kernels.gradientNorm(gradients, segments, 1f);
                    kernels.adamwUpdate(masters, m, v, gradients, segments, ADAMW);
                });

                assertThat(StepBlock.skipped(step)).as("skip for " + bad).isTrue();
                memory.assertOnlyOutputsWereWritten();
            }
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("targets")
    void aFrozenGradientThatIsNotFiniteDoesNotMatter(Target target) {
        try (Memory memory = target.memory(FLOATS)) {
            Tensor gradients = memory.updated(PARAMETER, "gradients", 1, Bound.EXACT, ELEMENTS);
            gradients.segment().setAtIndex(ValueLayout.JAVA_FLOAT, 2112 + 50, Float.NaN);

            Tensor step = Contract.run(
                    target.first(),
                    memory,
                    (kernels, same) -> kernels.gradientNorm(gradients, segments(target.device()), 1f));

            assertThat(StepBlock.skipped(step)).isFalse();
        }
    }

    private static double gradientNorm(Tensor step) {
        return step.segment().get(ValueLayout.JAVA_FLOAT, 64);
    }

    private static Offset<Double> within(double value) {
        return Offset.offset(NORM * value);
    }
}
