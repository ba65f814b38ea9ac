package dev.vernacular.kernels.reference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vernacular.kernels.Activation;
import dev.vernacular.kernels.AttentionShape;
import dev.vernacular.kernels.Dropout;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Norm;
import dev.vernacular.kernels.RowGroups;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.Weight;
import dev.vernacular.kernels.memory.StepBlock;
import dev.vernacular.kernels.numbers.Elements;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import java.util.function.DoubleSupplier;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// Every backward operation, in float64, against central differences of a weighted sum of forward's outputs.
class ReferenceGradientsTest {
    private static final double STEP = 1e-5;
    /// Truncation about STEP^2, rounding about 2^-53 / STEP.
    private static final double RELATIVE = 1e-6;

    private static final float EPSILON = 1e-5f;
    private final ReferenceKernels kernels = new ReferenceKernels();
    private final Arena arena = Arena.ofConfined();
    private final Random random = new Random(17);

    @BeforeEach
    void bindAStep() {
        Tensor step = new Tensor(arena.allocate(StepBlock.BYTES, 64), Dtype.I8, StepBlock.BYTES);
        step.segment().set(ValueLayout.JAVA_LONG, 0, 99L);
        step.segment().set(ValueLayout.JAVA_FLOAT, 20, 8f);
        kernels.bind(Tensor.NONE, step);
    }

    @AfterEach
    void freeMemory() {
        arena.close();
    }

    @Test
    void embedding() {
        Dropout dropout = new Dropout(1, 0.3f, 3);
        Tensor tokens = normal(5, 4);
        Tensor table = normal(3, 4);
        Tensor ids = integers(4, 0, 4, 2, 2, 4);
        Tensor positions = integers(0, 1, 2, 0, 1, 2);
        Tensor out = zeros(6, 4);
        Tensor dOut = normal(6, 4);
        Tensor dTokens = zeros(5, 4);
        Tensor dTable = zeros(3, 4);
        DoubleSupplier loss = () -> {
            kernels.embeddingForward(out, ids, positions, Weight.ofMaster(tokens), table, dropout);
            return dot(out, dOut);
        };

        RowGroups byId = new RowGroups(integers(1, 3, 4, 0, 2, 5), integers(0, 1, 3, 6, 6, 6, 6));
        RowGroups byPosition = new RowGroups(integers(0, 3, 1, 4, 2, 5), integers(0, 2, 4, 6, 6, 6, 6));
        kernels.embeddingBackward(dTokens, dTable, dOut, ids, byId, positions, byPosition, dropout, false, false);

        assertGradient(dTokens, tokens, loss);
        assertGradient(dTable, table, loss);
    }

    @ParameterizedTest
    @EnumSource(Norm.class)
    void residualLayerNorm(Norm norm) {
        Dropout dropout = new Dropout(2, 0.3f, 3);
        Tensor sum = zeros(6, 7);
        Tensor out = zeros(6, 7);
        Tensor mean = zeros(6);
        Tensor rstd = zeros(6);
        Tensor residual = normal(6, 7);
        Tensor x = normal(6, 7);
        Tensor weight = normal(7);
        Tensor bias = normal(7);
        Tensor dOut = normal(6, 7);
        Tensor dSum = normal(6, 7);
        Tensor dX = zeros(6, 7);
        Tensor dWeight = zeros(7);
        Tensor dBias = zeros(7);
        DoubleSupplier loss = () -> {
            kernels.residualLayerNormForward(sum, out, mean, rstd, residual, x, weight, bias, EPSILON, norm, dropout);
            return dot(out, dOut) + dot(sum, dSum);
        };
        loss.getAsDouble();
        Tensor dResidual = copy(dSum);

        kernels.residualLayerNormBackward(
                dResidual, dX, dWeight, dBias, dOut, sum, mean, rstd, weight, norm, dropout, true, false);

        assertGradient(dResidual, residual, loss);
        assertGradient(dX, x, loss);
        assertGradient(dWeight, weight, loss);
        assertGradient(dBias, bias, loss);
    }

    @ParameterizedTest
    @EnumSource(Activation.class)
    void linearAfterAnActivation(Activation activation) {
        Tensor xPre = normal(5, 3);
        Tensor x = zeros(5, 3);
        Tensor weight = normal(4, 3);
        Tensor bias = normal(4);
        Tensor y = zeros(5, 4);
        Tensor dY = normal(5, 4);
        Tensor dX = zeros(5, 3);
        Tensor dWeight = zeros(4, 3);
        Tensor dBias = zeros(4);
        DoubleSupplier loss = () -> {
            kernels.biasActivationForward(x, Tensor.NONE, xPre, Tensor.NONE, activation);
            kernels.linearForward(y, Tensor.NONE, x, Weight.ofMaster(weight), bias, Activation.NONE);
            return dot(y, dY);
        };
        loss.getAsDouble();
        Tensor before = activation == Activation.NONE ? Tensor.NONE : xPre;

        kernels.linearBackward(dX, dWeight, dBias, dY, x, before, Weight.ofMaster(weight), activation, false);

        assertGradient(dX, xPre, loss);
        assertGradient(dWeight, weight, loss);
        assertGradient(dBias, bias, loss);
    }

    @ParameterizedTest
    @EnumSource(Activation.class)
    void biasAndActivation(Activation activation) {
        Tensor x = normal(5, 3);
        Tensor bias = normal(3);
        Tensor pre = activation == Activation.NONE ? Tensor.NONE : zeros(5, 3);
        Tensor y = zeros(5, 3);
        Tensor dY = normal(5, 3);
        Tensor dX = zeros(5, 3);
        Tensor dBias = zeros(3);
        DoubleSupplier loss = () -> {
            kernels.biasActivationForward(y, pre, x, bias, activation);
            return dot(y, dY);
        };
        loss.getAsDouble();

        kernels.biasActivationBackward(dX, dBias, dY, pre, activation, false);

        assertGradient(dX, x, loss);
        assertGradient(dBias, bias, loss);
    }

    @ParameterizedTest
    @CsvSource({"2, 2, 0", "2, 2, 0.3", "4, 2, 0.3", "3, 1, 0"})
    void attention(int heads, int kvHeads, float probability) {
        Dropout dropout = new Dropout(3, probability, 5);
        AttentionShape plain = new AttentionShape(2, 5, heads, kvHeads, 6, 0.4f, Tensor.NONE, Tensor.NONE, Tensor.NONE);

        assertAttentionGradient(plain, dropout);
    }

    @Test
    void attentionWithRopePositionsAndDocuments() {
        double[] angles = random.doubles(14, 0, 6).toArray();
        Tensor rope = zeros(2, 7, 2);
        Elements.write(
                rope,
                0,
                DoubleStream.concat(
                                Arrays.stream(angles).map(Math::cos),
                                Arrays.stream(angles).map(Math::sin))
                        .toArray());
        Tensor positions = integers(0, 1, 2, 3, 4, 6, 5, 0, 0, 1);
        Tensor starts = integers(0, 0, 2, 2, 2, 0, 1, 2, 0, 4);
        AttentionShape shape = new AttentionShape(2, 5, 4, 2, 6, 0.4f, rope, positions, starts);

        assertAttentionGradient(shape, new Dropout(3, 0.2f, 5));
    }

    private void assertAttentionGradient(AttentionShape shape, Dropout dropout) {
        Tensor qkv = normal(10, shape.heads() + 2 * shape.kvHeads(), 6);
        Tensor out = zeros(10, shape.heads(), 6);
        Tensor lse = zeros(2, shape.heads(), 5);
        Tensor dOut = normal(10, shape.heads(), 6);
        Tensor dQkv = zeros(qkv.shape());
        DoubleSupplier loss = () -> {
            kernels.attentionForward(out, lse, qkv, shape, dropout);
            return dot(out, dOut);
        };
        loss.getAsDouble();

        kernels.attentionBackward(dQkv, dOut, out, lse, qkv, shape, dropout);

        assertGradient(dQkv, qkv, loss);
    }

    @Test
    void classifier() {
        Tensor hidden = normal(5, 3);
        Tensor head = normal(9, 3);
        Tensor labels = integers(0, 6, -1, 3, 3);
        Tensor losses = zeros(5);
        Tensor rowScale = normal(5);
        Tensor dHidden = zeros(5, 3);
        Tensor dHead = zeros(9, 3);
        DoubleSupplier loss = () -> {
            kernels.classifierForwardBackward(
                    losses, Tensor.NONE, Tensor.NONE, hidden, labels, Tensor.NONE, Weight.ofMaster(head), 7, false);
            return 8 * dot(losses, rowScale);
        };

        kernels.classifierForwardBackward(
                losses, dHidden, dHead, hidden, labels, rowScale, Weight.ofMaster(head), 7, false);

        assertGradient(dHidden, hidden, loss);
        assertGradient(dHead, head, loss);
    }

    private static void assertGradient(Tensor gradient, Tensor input, DoubleSupplier loss) {
        double[] values = Elements.all(input);
        double[] got = Elements.all(gradient);
        double rms = Math.sqrt(Products.dot(got, got) / got.length);
        for (int i = 0; i < values.length; i++) {
            double difference =
                    (at(input, i, values[i] + STEP, loss) - at(input, i, values[i] - STEP, loss)) / 2 / STEP;
            at(input, i, values[i], loss);
            assertThat(Math.abs(got[i] - difference) / (Math.abs(difference) + rms))
                    .as("element %d: %s for %s", i, got[i], difference)
                    .isLessThan(RELATIVE);
        }
        assertThat(rms).as("the gradient is not all zero").isPositive();
    }

    private static double at(Tensor input, int i, double value, DoubleSupplier loss) {
        Elements.write(input, i, new double[] {value});
        return loss.getAsDouble();
    }

    private static double dot(Tensor a, Tensor b) {
        return Products.dot(Elements.all(a), Elements.all(b));
    }

    private Tensor normal(long... shape) {
        Tensor tensor = zeros(shape);
        double[] values = new double[Math.toIntExact(tensor.elements())];
        Arrays.setAll(values, i -> random.nextGaussian());
        Elements.write(tensor, 0, values);
        return tensor;
    }

    private Tensor copy(Tensor of) {
        Tensor tensor = zeros(of.shape());
        tensor.segment().copyFrom(of.segment());
        return tensor;
    }

    private Tensor zeros(long... shape) {
        long elements = Arrays.stream(shape).reduce(1, (a, b) -> a * b);
        return new Tensor(arena.allocate(elements * Double.BYTES, 8), Dtype.F64, shape);
    }

    private Tensor integers(int... values) {
        return new Tensor(arena.allocateFrom(ValueLayout.JAVA_INT, values), Dtype.I32, values.length);
    }
}
