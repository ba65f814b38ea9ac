package dev.vernacular.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.vernacular.kernels.Tensor;
import dev.vernacular.model.ParameterLayout.Parameter;
import java.lang.foreign.ValueLayout;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// The whole model's gradients in float64 against central differences.
class GptModelGradientTest {
    private static final double STEP = 1e-5;

    /// Central differences in float64 are right to STEP squared times the third derivative, and to rounding
    /// over STEP.
    private static final double CENTRAL_DIFFERENCE = 2e-8;

    private static final int EVERY = 11;

    static Stream<Arguments> models() {
        return Stream.of(
                Arguments.of("tied", TinyModel.config()),
                Arguments.of("untied, erf, layernorm1p", TinyModel.untied()),
                Arguments.of("rotary, no biases", TinyModel.rotary()),
                Arguments.of("dropout", TinyModel.withDropout()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("models")
    void everyParametersGradientIsTheSlopeOfTheLoss(String name, GptConfig config) {
        ModelMemory memory = TinyModel.training(config, Precision.FP64, TinyModel.BATCH);
        TinyModel.load(memory.model().batch(), 0);
        memory.model().forwardBackward(false);
        double[] gradients = doubles(memory.gradients());

        for (Parameter parameter : memory.layout().parameters()) {
            for (long i = parameter.offset(); i < parameter.offset() + parameter.elements(); i += EVERY) {
                assertThat(gradients[(int) i])
                        .as("%s, element %d", parameter.name(), i - parameter.offset())
                        .isCloseTo(slope(memory, i), within(CENTRAL_DIFFERENCE));
            }
        }
    }

    @Test
    void documentsInOneSequenceHaveTheirOwnGradients() {
        ModelMemory memory = TinyModel.training(TinyModel.rotary(), Precision.FP64, 1);
        memory.model()
                .batch()
                .load(
                        new int[] {1, 2, 3, 4, 5},
                        new int[] {0, 1, 0, 1, 2},
                        new int[] {2, -1, 4, 5, 6},
                        new double[] {1, 1, 1, 1, 1},
                        new int[] {0, 0, 2, 2, 2});
        memory.model().forwardBackward(false);
        double[] gradients = doubles(memory.gradients());

        for (int i = 0; i < gradients.length; i += 37) {
            assertThat(gradients[i]).as("element %d", i).isCloseTo(slope(memory, i), within(CENTRAL_DIFFERENCE));
        }
    }

    @Test
    void accumulationAddsToWhatIsThere() {
        ModelMemory memory = TinyModel.training(TinyModel.config(), Precision.FP64, TinyModel.BATCH);
        TinyModel.load(memory.model().batch(), 0);
        memory.model().forwardBackward(false);
        double[] once = doubles(memory.gradients());

        memory.model().forwardBackward(true);

        double[] twice = doubles(memory.gradients());
        for (int i = 0; i < once.length; i++) {
            assertThat(twice[i]).isCloseTo(2 * once[i], within(1e-12));
        }
    }

    @Test
    void microBatchesGiveTheGradientsOfTheWholeBatchDropoutIncluded() {
        ModelMemory whole = TinyModel.training(TinyModel.withDropout(), Precision.FP64, TinyModel.BATCH);
        TinyModel.load(whole.model().batch(), 0);
        whole.model().forwardBackward(false);

        ModelMemory parts = TinyModel.training(TinyModel.withDropout(), Precision.FP64, 1);
        for (int sample = 0; sample < TinyModel.BATCH; sample++) {
            TinyModel.load(parts.model().batch(), sample);
            parts.step().upload(99, sample, 0f, 1f, 0);
            parts.model().forwardBackward(sample > 0);
        }

        assertThat(doubles(parts.gradients())).containsExactly(doubles(whole.gradients()), within(1e-13));
    }

    @Test
    void aHalvedLossScaleHalvesTheGradients() {
        ModelMemory memory = TinyModel.training(TinyModel.config(), Precision.FP64, 1);
        TinyModel.load(memory.model().batch(), 0);
        memory.model().forwardBackward(false);
        double[] full = doubles(memory.gradients());

        memory.step().upload(99, 0, 0f, 0.5f, 0);
        memory.model().forwardBackward(false);

        double[] half = doubles(memory.gradients());
        for (int i = 0; i < full.length; i++) {
            assertThat(half[i]).isCloseTo(full[i] / 2, within(1e-14));
        }
    }

    private static double slope(ModelMemory memory, long element) {
        double value = memory.masters().segment().getAtIndex(ValueLayout.JAVA_DOUBLE, element);
        double above = lossAt(memory, element, value + STEP);
        double below = lossAt(memory, element, value - STEP);
        memory.masters().segment().setAtIndex(ValueLayout.JAVA_DOUBLE, element, value);
        return (above - below) / (2 * STEP);
    }

    private static double lossAt(ModelMemory memory, long element, double value) {
        memory.masters().segment().setAtIndex(ValueLayout.JAVA_DOUBLE, element, value);
        memory.model().forwardBackward(false);
        double[] losses = doubles(memory.model().losses());
        double[] scale = doubles(memory.model().batch().rowScale());
        double sum = 0;
        for (int row = 0; row < losses.length; row++) {
            sum += scale[row] * losses[row];
        }
        return sum;
    }

    private static double[] doubles(Tensor tensor) {
        return tensor.segment().toArray(ValueLayout.JAVA_DOUBLE_UNALIGNED);
    }
}
