package dev.vernacular.kernels.contract;

import static dev.vernacular.kernels.contract.Memory.NONE;
import static dev.vernacular.kernels.contract.Storage.Role.ACTIVATION;
import static dev.vernacular.kernels.contract.Storage.Role.PARAMETER;

import dev.vernacular.kernels.Kernels;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.Weight;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ClassifierContractTest {
    /// rows, C, V, Vp.
    record Shape(int rows, long cols, int columns, long padded) {
        /// Every fourth row has no label.
        Tensor labels(Memory memory) {
            Random random = new Random(rows);
            return memory.integers(IntStream.range(0, rows)
                    .map(row -> row % 4 == 3 ? -1 : random.nextInt(columns))
                    .toArray());
        }

        Weight head(Kernels kernels, Memory memory) {
            return memory.weight(kernels, "head", padded, cols);
        }

        Tensor hidden(Memory memory) {
            return memory.input(ACTIVATION, "hidden", 1 / Math.sqrt(cols), rows, cols);
        }
    }

    static Stream<Arguments> cases() {
        return Contract.product(
                Storage.activations(),
                new Shape(1, 1, 1, 1),
                new Shape(5, 12, 61, 64),
                new Shape(33, 32, 257, 384),
                new Shape(70, 16, 1000, 1003),
                new Shape(1, 100, 33, 33),
                new Shape(66, 24, 130, 192),
                new Shape(9, 40, 250, 256));
    }

    @ParameterizedTest(name = "{0}, {1}, {2}")
    @MethodSource("cases")
    void lossesAlone(Target target, Storage storage, Shape shape) {
        Contract.check(target, storage, (kernels, memory) -> {
            Tensor losses = memory.output(PARAMETER, "losses", Bound.LOSS, shape.rows);

            kernels.classifierForwardBackward(
                    losses,
                    NONE,
                    NONE,
                    shape.hidden(memory),
                    shape.labels(memory),
                    NONE,
                    shape.head(kernels, memory),
                    shape.columns,
                    false);
        });
    }

    @ParameterizedTest(name = "{0}, {1}, {2}")
    @MethodSource("cases")
    void lossesAndWrittenGradients(Target target, Storage storage, Shape shape) {
        Contract.check(target, storage, (kernels, memory) -> gradients(kernels, memory, storage, shape, false));
    }

    @ParameterizedTest(name = "{0}, {1}, {2}")
    @MethodSource("cases")
    void lossesAndAccumulatedGradients(Target target, Storage storage, Shape shape) {
        Contract.check(target, storage, (kernels, memory) -> gradients(kernels, memory, storage, shape, true));
    }

    private static void gradients(Kernels kernels, Memory memory, Storage storage, Shape shape, boolean accumulate) {
        Bound bound = Bound.throughLogits(shape.columns, storage.activation());
        Bound headBound = accumulate
                ? Bound.addedThroughLogits(shape.rows, storage.activation())
                : Bound.throughLogits(shape.rows, storage.activation());
        Tensor losses = memory.output(PARAMETER, "losses", Bound.LOSS, shape.rows);
        Tensor dHidden = memory.output(ACTIVATION, "dHidden", bound, shape.rows, shape.cols);
        Tensor dHead = memory.gradient("dHead", headBound, accumulate, shape.padded, shape.cols);
        Tensor rowScale = memory.parameter("rowScale", shape.rows);

        kernels.classifierForwardBackward(
                losses,
                dHidden,
                dHead,
                shape.hidden(memory),
                shape.labels(memory),
                rowScale,
                shape.head(kernels, memory),
                shape.columns,
                accumulate);
    }

    @ParameterizedTest(name = "{0}, {1}, {2}")
    @MethodSource("cases")
    void logits(Target target, Storage storage, Shape shape) {
        Contract.check(target, storage, (kernels, memory) -> {
            Tensor logits = memory.output(PARAMETER, "logits", Bound.product(shape.cols), shape.rows, shape.padded);

            kernels.classifierLogits(logits, shape.hidden(memory), shape.head(kernels, memory));
        });
    }
}
