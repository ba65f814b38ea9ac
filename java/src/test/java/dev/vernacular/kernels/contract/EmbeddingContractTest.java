package dev.vernacular.kernels.contract;

import static dev.vernacular.kernels.contract.Memory.NONE;
import static dev.vernacular.kernels.contract.Storage.Role.RESIDUAL;

import dev.vernacular.kernels.Dropout;
import dev.vernacular.kernels.RowGroups;
import dev.vernacular.kernels.Tensor;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class EmbeddingContractTest {
    private static final RowGroups NO_GROUPS = new RowGroups(NONE, NONE);

    /// Sequences, tokens in one, hidden size, padded vocabulary.
    record Shape(int batch, int tokens, long cols, int vocabulary) {
        int rows() {
            return batch * tokens;
        }

        Tensor ids(Memory memory) {
            return memory.randomIntegers("ids", vocabulary, rows());
        }

        Tensor positions(Memory memory) {
            return memory.integers(
                    IntStream.range(0, rows()).map(row -> row % tokens).toArray());
        }
    }

    static Stream<Arguments> cases() {
        return Contract.product(
                Storage.all(),
                new Shape(1, 1, 1, 1),
                new Shape(2, 7, 12, 61),
                new Shape(3, 33, 100, 5),
                new Shape(1, 65, 257, 40),
                // whole packs, and two ids with many rows each
                new Shape(2, 70, 64, 2));
    }

    @ParameterizedTest(name = "{0}, {1}, {2}")
    @MethodSource("cases")
    void forwardWithPositionsAndDropout(Target target, Storage storage, Shape shape) {
        Contract.check(target, storage, (kernels, memory) -> {
            Tensor out = memory.output(RESIDUAL, "out", Bound.RESIDUAL_SUM, shape.rows(), shape.cols);
            Tensor table = memory.parameter("table", shape.tokens, shape.cols);

            kernels.embeddingForward(
                    out,
                    shape.ids(memory),
                    shape.positions(memory),
                    memory.weight(kernels, "tokens", shape.vocabulary, shape.cols),
                    table,
                    new Dropout(1, 0.3f, shape.tokens));
        });
    }

    @ParameterizedTest(name = "{0}, {1}, {2}")
    @MethodSource("cases")
    void forwardOfTokensAlone(Target target, Storage storage, Shape shape) {
        Contract.check(target, storage, (kernels, memory) -> {
            Tensor out = memory.output(RESIDUAL, "out", Bound.RESIDUAL_SUM, shape.rows(), shape.cols);

            kernels.embeddingForward(
                    out,
                    shape.ids(memory),
                    NONE,
                    memory.weight(kernels, "tokens", shape.vocabulary, shape.cols),
                    NONE,
                    Dropout.none(shape.tokens));
        });
    }

    @ParameterizedTest(name = "{0}, {1}, {2}")
    @MethodSource("cases")
    void backwardAccumulatesTokensAndWritesPositions(Target target, Storage storage, Shape shape) {
        Contract.check(target, storage, (kernels, memory) -> {
            Bound bound = Bound.parameterGradient(shape.rows());
            Tensor dTokens = memory.gradient("dTokens", bound, true, shape.vocabulary, shape.cols);
            Tensor dTable = memory.gradient("dTable", bound, false, shape.tokens + 2L, shape.cols);
            Tensor dOut = memory.input(RESIDUAL, "dOut", 1, shape.rows(), shape.cols);
            Tensor ids = shape.ids(memory);
            Tensor positions = shape.positions(memory);

            kernels.embeddingBackward(
                    dTokens,
                    dTable,
                    dOut,
                    ids,
                    memory.groups(ids),
                    positions,
                    memory.groups(positions),
                    new Dropout(1, 0.3f, shape.tokens),
                    true,
                    false);
        });
    }

    @ParameterizedTest(name = "{0}, {1}, {2}")
    @MethodSource("cases")
    void backwardWritesZeroWhereNoTokenWas(Target target, Storage storage, Shape shape) {
        Contract.check(target, storage, (kernels, memory) -> {
            Bound bound = Bound.parameterGradient(shape.rows());
            Tensor dTokens = memory.gradient("dTokens", bound, false, shape.vocabulary + 3L, shape.cols);
            Tensor dOut = memory.input(RESIDUAL, "dOut", 1, shape.rows(), shape.cols);
            Tensor ids = shape.ids(memory);

            kernels.embeddingBackward(
                    dTokens,
                    NONE,
                    dOut,
                    ids,
                    memory.groups(ids),
                    NONE,
                    NO_GROUPS,
                    Dropout.none(shape.tokens),
                    false,
                    false);
        });
    }
}
