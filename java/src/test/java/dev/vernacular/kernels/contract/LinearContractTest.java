package dev.vernacular.kernels.contract;

import static dev.vernacular.kernels.contract.Memory.NONE;
import static dev.vernacular.kernels.contract.Storage.Role.ACTIVATION;

import dev.vernacular.kernels.Activation;
import dev.vernacular.kernels.Kernels;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.Weight;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class LinearContractTest {
    /// rows, N, K.
    record Shape(long rows, long n, long k) {
        Bound product() {
            return Bound.product(k);
        }
    }

    static Stream<Arguments> cases() {
        return Contract.product(
                Storage.activations(),
                new Shape(1, 1, 1),
                new Shape(3, 7, 5),
                new Shape(1, 64, 32),
                new Shape(17, 33, 100),
                new Shape(66, 48, 129),
                new Shape(5, 130, 64),
                new Shape(150, 100, 260),
                // Rows of whole 16-byte words, as in a model: tensor cores, tiles with and without edges.
                new Shape(65, 136, 72),
                new Shape(128, 64, 64),
                new Shape(8, 24, 264));
    }

    @ParameterizedTest(name = "{0}, {1}, {2}")
    @MethodSource("cases")
    void forwardWithBias(Target target, Storage storage, Shape shape) {
        Contract.check(target, storage, (kernels, memory) -> {
            Tensor y = memory.output(ACTIVATION, "y", shape.product(), shape.rows, shape.n);
            Tensor x = memory.activation("x", shape.rows, shape.k);
            Weight weight = memory.weight(kernels, "weight", shape.n, shape.k);
            Tensor bias = memory.parameter("bias", shape.n);

            kernels.linearForward(y, NONE, x, weight, bias, Activation.NONE);
        });
    }

    @ParameterizedTest(name = "{0}, {1}, {2}")
    @MethodSource("cases")
    void forwardWithoutBiasAndWithGelu(Target target, Storage storage, Shape shape) {
        Contract.check(target, storage, (kernels, memory) -> {
            Bound bound = shape.product().plus(Bound.ACTIVATION);
            Tensor y = memory.output(ACTIVATION, "y", bound, shape.rows, shape.n);
            Tensor pre = memory.output(ACTIVATION, "pre", shape.product(), shape.rows, shape.n);
            Tensor x = memory.input(ACTIVATION, "x", 0.3, shape.rows, shape.k);
            Weight weight = memory.weight(kernels, "weight", shape.n, shape.k);

            kernels.linearForward(y, pre, x, weight, NONE, Activation.GELU_TANH);
        });
    }

    @ParameterizedTest(name = "{0}, {1}, {2}")
    @MethodSource("cases")
    void forwardWithGeluErfAndNoStoredPreActivation(Target target, Storage storage, Shape shape) {
        Contract.check(target, storage, (kernels, memory) -> {
            Bound bound = shape.product().plus(Bound.ACTIVATION);
            Tensor y = memory.output(ACTIVATION, "y", bound, shape.rows, shape.n);
            Tensor x = memory.input(ACTIVATION, "x", 0.3, shape.rows, shape.k);
            Weight weight = memory.weight(kernels, "weight", shape.n, shape.k);
            Tensor bias = memory.parameter("bias", shape.n);

            kernels.linearForward(y, NONE, x, weight, bias, Activation.GELU_ERF);
        });
    }

    @ParameterizedTest(name = "{0}, {1}, {2}")
    @MethodSource("cases")
    void backwardWritesEveryGradient(Target target, Storage storage, Shape shape) {
        Contract.check(target, storage, (kernels, memory) -> backward(kernels, memory, shape, Activation.NONE, false));
    }

    @ParameterizedTest(name = "{0}, {1}, {2}")
    @MethodSource("cases")
    void backwardAccumulatesAndGoesThroughGelu(Target target, Storage storage, Shape shape) {
        Contract.check(
                target, storage, (kernels, memory) -> backward(kernels, memory, shape, Activation.GELU_TANH, true));
    }

    @ParameterizedTest(name = "{0}, {1}, {2}")
    @MethodSource("cases")
    void backwardOfTheInputAlone(Target target, Storage storage, Shape shape) {
        Contract.check(target, storage, (kernels, memory) -> {
            Bound bound = Bound.product(shape.n).plus(Bound.ACTIVATION);
            Tensor dX = memory.output(ACTIVATION, "dX", bound, shape.rows, shape.k);
            Tensor dY = memory.activation("dY", shape.rows, shape.n);
            Tensor xPre = memory.activation("xPre", shape.rows, shape.k);
            Weight weight = memory.weight(kernels, "weight", shape.n, shape.k);

            kernels.linearBackward(dX, NONE, NONE, dY, NONE, xPre, weight, Activation.GELU_ERF, false);
        });
    }

    @ParameterizedTest(name = "{0}, {1}, {2}")
    @MethodSource("cases")
    void backwardOfTheWeightAlone(Target target, Storage storage, Shape shape) {
        Contract.check(target, storage, (kernels, memory) -> {
            Tensor dWeight = memory.gradient("dWeight", Bound.product(shape.rows), false, shape.n, shape.k);
            Tensor dY = memory.activation("dY", shape.rows, shape.n);
            Tensor x = memory.activation("x", shape.rows, shape.k);
            Weight weight = memory.weight(kernels, "weight", shape.n, shape.k);

            kernels.linearBackward(NONE, dWeight, NONE, dY, x, NONE, weight, Activation.NONE, false);
        });
    }

    private static void backward(
            Kernels kernels, Memory memory, Shape shape, Activation activation, boolean accumulate) {
        Bound product = Bound.product(shape.n);
        Bound bound = activation == Activation.NONE ? product : product.plus(Bound.ACTIVATION);
        Tensor dX = memory.output(ACTIVATION, "dX", bound, shape.rows, shape.k);
        Tensor dWeight = memory.gradient("dWeight", Bound.product(shape.rows), accumulate, shape.n, shape.k);
        Tensor dBias = memory.gradient("dBias", Bound.parameterGradient(shape.rows), accumulate, shape.n);
        Tensor dY = memory.activation("dY", shape.rows, shape.n);
        Tensor x = memory.activation("x", shape.rows, shape.k);
        Tensor xPre = activation == Activation.NONE ? NONE : memory.activation("xPre", shape.rows, shape.k);
        Weight weight = memory.weight(kernels, "weight", shape.n, shape.k);

        kernels.linearBackward(dX, dWeight, dBias, dY, x, xPre, weight, activation, accumulate);
    }

    static Stream<Arguments> elementwise() {
        return Contract.product(
                Storage.activations(),
                new Shape(1, 1, 0),
                new Shape(7, 13, 0),
                new Shape(65, 100, 0),
                new Shape(34, 128, 0));
    }

    @ParameterizedTest(name = "{0}, {1}, {2}")
    @MethodSource("elementwise")
    void biasActivationForward(Target target, Storage storage, Shape shape) {
        Contract.check(target, storage, (kernels, memory) -> {
            Tensor y = memory.output(ACTIVATION, "y", Bound.RESIDUAL_SUM.plus(Bound.ACTIVATION), shape.rows, shape.n);
            Tensor pre = memory.output(ACTIVATION, "pre", Bound.RESIDUAL_SUM, shape.rows, shape.n);
            Tensor x = memory.activation("x", shape.rows, shape.n);

            kernels.biasActivationForward(y, pre, x, memory.parameter("bias", shape.n), Activation.GELU_TANH);
        });
    }

    @ParameterizedTest(name = "{0}, {1}, {2}")
    @MethodSource("elementwise")
    void recomputationFromThePreActivation(Target target, Storage storage, Shape shape) {
        Contract.check(target, storage, (kernels, memory) -> {
            Tensor y = memory.output(ACTIVATION, "y", Bound.ACTIVATION, shape.rows, shape.n);
            Tensor pre = memory.input(ACTIVATION, "pre", 3, shape.rows, shape.n);

            kernels.biasActivationForward(y, NONE, pre, NONE, Activation.GELU_ERF);
        });
    }

    @ParameterizedTest(name = "{0}, {1}, {2}")
    @MethodSource("elementwise")
    void biasActivationBackwardInPlace(Target target, Storage storage, Shape shape) {
        Contract.check(target, storage, (kernels, memory) -> {
            Tensor gradient = memory.updated(ACTIVATION, "gradient", 1, Bound.ACTIVATION, shape.rows, shape.n);
            Bound sum = new Bound(0, 2 * Bound.unit(storage.activation())).plus(Bound.parameterGradient(shape.rows));
            Tensor dBias = memory.gradient("dBias", sum, true, shape.n);
            Tensor pre = memory.activation("pre", shape.rows, shape.n);

            kernels.biasActivationBackward(gradient, dBias, gradient, pre, Activation.GELU_TANH, true);
        });
    }
}
