package dev.vernacular.kernels.contract;

import static dev.vernacular.kernels.contract.Memory.NONE;
import static dev.vernacular.kernels.contract.Storage.Role.ACTIVATION;
import static dev.vernacular.kernels.contract.Storage.Role.PARAMETER;
import static dev.vernacular.kernels.contract.Storage.Role.RESIDUAL;

import dev.vernacular.kernels.Dropout;
import dev.vernacular.kernels.Kernels;
import dev.vernacular.kernels.Norm;
import dev.vernacular.kernels.Tensor;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ResidualLayerNormContractTest {
    private static final float EPSILON = 1e-5f;

    /// Sequences, tokens in one, hidden size.
    record Shape(long batch, long tokens, long cols) {
        long rows() {
            return batch * tokens;
        }

        Dropout dropout() {
            return new Dropout(3, 0.1f, tokens);
        }

        Dropout none() {
            return Dropout.none(tokens);
        }
    }

    static Stream<Arguments> cases() {
        return Contract.product(
                Storage.all(),
                new Shape(1, 1, 1),
                new Shape(1, 1, 768),
                new Shape(2, 7, 12),
                new Shape(1, 3, 100),
                new Shape(3, 5, 257),
                new Shape(2, 65, 33),
                // whole packs in rows of a warp and of a block
                new Shape(3, 11, 136),
                new Shape(1, 3, 1028));
    }

    @ParameterizedTest(name = "{0}, {1}, {2}")
    @MethodSource("cases")
    void forwardWithDropout(Target target, Storage storage, Shape shape) {
        Contract.check(target, storage, (kernels, memory) -> {
            Tensor sum = memory.output(RESIDUAL, "sum", Bound.RESIDUAL_SUM, shape.rows(), shape.cols);
            Tensor residual = memory.input(RESIDUAL, "residual", 1, shape.rows(), shape.cols);
            Tensor x = memory.activation("x", shape.rows(), shape.cols);

            normalise(kernels, memory, storage, shape, sum, residual, x, Norm.LAYERNORM, shape.dropout());
        });
    }

    @ParameterizedTest(name = "{0}, {1}, {2}")
    @MethodSource("cases")
    void forwardOfTheResidualAloneWithScaleMinusOne(Target target, Storage storage, Shape shape) {
        Contract.check(target, storage, (kernels, memory) -> {
            Tensor residual = memory.input(RESIDUAL, "residual", 3, shape.rows(), shape.cols);

            normalise(kernels, memory, storage, shape, NONE, residual, NONE, Norm.LAYERNORM1P, shape.none());
        });
    }

    @ParameterizedTest(name = "{0}, {1}, {2}")
    @MethodSource("cases")
    void forwardInPlaceOfTheSumAlone(Target target, Storage storage, Shape shape) {
        Contract.check(target, storage, (kernels, memory) -> {
            Tensor residual = memory.updated(RESIDUAL, "residual", 1, Bound.RESIDUAL_SUM, shape.rows(), shape.cols);
            Tensor x = memory.activation("x", shape.rows(), shape.cols);

            kernels.residualLayerNormForward(
                    residual, NONE, NONE, NONE, residual, x, NONE, NONE, EPSILON, Norm.LAYERNORM, shape.dropout());
        });
    }

    private static void normalise(
            Kernels kernels,
            Memory memory,
            Storage storage,
            Shape shape,
            Tensor sum,
            Tensor residual,
            Tensor x,
            Norm norm,
            Dropout dropout) {
        // The reference in double normalises the sum before it is rounded to the stream's type; means are smaller than
        // what they are means of.
        Bound stored = new Bound(0, 2 * Bound.unit(storage.residual()));
        Bound bound = Bound.LAYERNORM_OUT.plus(stored);
        Tensor out = memory.output(ACTIVATION, "out", bound, shape.rows(), shape.cols);
        Tensor mean = memory.output(PARAMETER, "mean", Bound.MEAN.plus(stored).plus(stored), shape.rows());
        Tensor rstd = memory.output(PARAMETER, "rstd", Bound.STATISTIC.plus(stored), shape.rows());
        Tensor weight = memory.parameter("weight", shape.cols);
        Tensor bias = norm == Norm.LAYERNORM ? memory.parameter("bias", shape.cols) : NONE;

        kernels.residualLayerNormForward(sum, out, mean, rstd, residual, x, weight, bias, EPSILON, norm, dropout);
    }

    @ParameterizedTest(name = "{0}, {1}, {2}")
    @MethodSource("cases")
    void backwardAddsToTheResidualGradient(Target target, Storage storage, Shape shape) {
        Contract.check(target, storage, (kernels, memory) -> {
            Tensor dResidual =
                    memory.updated(RESIDUAL, "dResidual", 1, Bound.LAYERNORM_GRADIENT, shape.rows(), shape.cols);
            Tensor dX = memory.output(ACTIVATION, "dX", Bound.LAYERNORM_GRADIENT, shape.rows(), shape.cols);

            backward(kernels, memory, shape, dResidual, dX, Norm.LAYERNORM, shape.dropout(), true);
        });
    }

    @ParameterizedTest(name = "{0}, {1}, {2}")
    @MethodSource("cases")
    void backwardWritesTheResidualGradientAlone(Target target, Storage storage, Shape shape) {
        Contract.check(target, storage, (kernels, memory) -> {
            Tensor dResidual = memory.output(RESIDUAL, "dResidual", Bound.LAYERNORM_GRADIENT, shape.rows(), shape.cols);

            backward(kernels, memory, shape, dResidual, NONE, Norm.LAYERNORM1P, shape.none(), false);
        });
    }

    /// Statistics are those of the sum, as forward leaves them.
    private static void backward(
            Kernels kernels,
            Memory memory,
            Shape shape,
            Tensor dResidual,
            Tensor dX,
            Norm norm,
            Dropout dropout,
            boolean accumulate) {
        Bound parameter = Bound.parameterGradient(shape.rows());
        Tensor dWeight = memory.gradient("dWeight", parameter, accumulate, shape.cols);
        Tensor dBias = accumulate ? memory.gradient("dBias", parameter, true, shape.cols) : NONE;
        Tensor dOut = memory.activation("dOut", shape.rows(), shape.cols);
        Tensor sum = memory.input(RESIDUAL, "sum", 1, shape.rows(), shape.cols);
        Tensor mean = memory.input(PARAMETER, "mean", 0.1, shape.rows());
        Tensor rstd = memory.input(PARAMETER, "rstd", 1, shape.rows());
        Tensor weight = memory.parameter("weight", shape.cols);

        kernels.residualLayerNormBackward(
                dResidual, dX, dWeight, dBias, dOut, sum, mean, rstd, weight, norm, dropout, accumulate, accumulate);
    }
}
