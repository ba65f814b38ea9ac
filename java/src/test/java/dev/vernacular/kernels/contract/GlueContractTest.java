package dev.vernacular.kernels.contract;

import static dev.vernacular.kernels.contract.Storage.Role.ACTIVATION;
import static dev.vernacular.kernels.contract.Storage.Role.PARAMETER;
import static dev.vernacular.kernels.contract.Storage.Role.RESIDUAL;
import static org.assertj.core.api.Assertions.assertThat;

import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.numbers.HalfFloats;
import java.lang.foreign.ValueLayout;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class GlueContractTest {
    /// rows, columns.
    record Shape(long rows, long cols) {}

    static Stream<Arguments> cases() {
        Stream<Storage> storages = Stream.concat(
                Storage.all(), Stream.of(new Storage(Dtype.F32, Dtype.BF16), new Storage(Dtype.F32, Dtype.F16)));
        return Contract.product(storages, new Shape(1, 1), new Shape(7, 13), new Shape(65, 100), new Shape(130, 64));
    }

    @ParameterizedTest(name = "{0}, {1}, {2}")
    @MethodSource("cases")
    void castRoundsOnce(Target target, Storage storage, Shape shape) {
        Contract.check(target, storage, (kernels, memory) -> {
            Tensor out = memory.output(RESIDUAL, "out", Bound.RESIDUAL_SUM, shape.rows, shape.cols);

            kernels.cast(out, memory.activation("x", shape.rows, shape.cols));
        });
    }

    @ParameterizedTest(name = "{0}, {1}, {2}")
    @MethodSource("cases")
    void sumsOfRows(Target target, Storage storage, Shape shape) {
        Contract.check(target, storage, (kernels, memory) -> {
            Bound bound = Bound.parameterGradient(shape.rows);
            Tensor written = memory.gradient("written", bound, false, shape.cols);
            Tensor added = memory.gradient("added", bound, true, shape.cols);
            Tensor x = memory.input(ACTIVATION, "x", 1, shape.rows, shape.cols);

            kernels.reduceRows(written, x, false);
            kernels.reduceRows(added, x, true);
        });
    }

    @ParameterizedTest(name = "{0}, {1}, {2}")
    @MethodSource("cases")
    void axpyAndScale(Target target, Storage storage, Shape shape) {
        Contract.check(target, storage, (kernels, memory) -> {
            Tensor sum = memory.updated(PARAMETER, "sum", 1, Bound.GLUE, shape.rows, shape.cols);
            Tensor scaled = memory.updated(PARAMETER, "scaled", 1, Bound.GLUE, shape.rows, shape.cols);

            kernels.axpy(sum, memory.parameter("x", shape.rows, shape.cols), -0.7f);
            kernels.scale(scaled, 1.3f);
        });
    }

    static Stream<Target> targets() {
        return Target.all();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("targets")
    void castToBfloat16GivesTheBitsOfRoundingToNearestEven(Target target) {
        castEveryInterestingFloat(target, Dtype.BF16);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("targets")
    void castToFloat16GivesTheBitsOfRoundingToNearestEven(Target target) {
        castEveryInterestingFloat(target, Dtype.F16);
    }

    /// Every upper half of a float, with lower halves at, just below and just above the middle.
    private static void castEveryInterestingFloat(Target target, Dtype dtype) {
        int[] lower = {0, 1, 0x0fff, 0x1000, 0x1001, 0x3000, 0x7fff, 0x8000, 0x8001, 0xffff};
        int count = 0x10000 * lower.length;
        try (Memory memory = target.memory(new Storage(dtype, Dtype.F32))) {
            Tensor x = memory.output(RESIDUAL, "x", Bound.ANYTHING, count);
            Tensor out = memory.output(ACTIVATION, "out", Bound.ANYTHING, count);
            for (int i = 0; i < count; i++) {
                int bits = (i / lower.length) << 16 | lower[i % lower.length];
                x.segment().setAtIndex(ValueLayout.JAVA_INT, i, bits);
            }

            Contract.run(target.first(), memory, (kernels, same) -> kernels.cast(out, x));

            for (int i = 0; i < count; i++) {
                float value = x.segment().getAtIndex(ValueLayout.JAVA_FLOAT, i);
                short got = out.segment().getAtIndex(ValueLayout.JAVA_SHORT, i);
                if (value != value) {
                    float back = dtype == Dtype.BF16 ? HalfFloats.fromBfloat16(got) : HalfFloats.fromFloat16(got);
                    assertThat(back).isNaN();
                } else if (got != (dtype == Dtype.BF16 ? HalfFloats.toBfloat16(value) : HalfFloats.toFloat16(value))) {
                    throw new AssertionError(
                            "cast of " + Float.toHexString(value) + " gives " + Integer.toHexString(got));
                }
            }
        }
    }
}
