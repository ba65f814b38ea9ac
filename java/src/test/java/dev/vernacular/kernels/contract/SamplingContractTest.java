package dev.vernacular.kernels.contract;

import static dev.vernacular.kernels.contract.Memory.NONE;
import static dev.vernacular.kernels.contract.Storage.Role.PARAMETER;
import static org.assertj.core.api.Assertions.assertThat;

import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Kernels;
import dev.vernacular.kernels.Sampling;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.memory.StepBlock;
import dev.vernacular.kernels.numbers.Elements;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SamplingContractTest {
    private static final Storage FLOATS = new Storage(Dtype.F32, Dtype.F32);
    private static final int ROWS = 37;
    private static final int COLUMNS = 61;
    private static final int PADDED = 64;

    static Stream<Arguments> samplings() {
        return Contract.product(
                Stream.of(FLOATS),
                Sampling.GREEDY,
                new Sampling(1f, 0, 0f, 7),
                new Sampling(0.7f, 5, 0f, -3),
                new Sampling(1.5f, 0, 0.8f, 1L << 40),
                new Sampling(0.9f, 20, 0.5f, 11),
                new Sampling(1f, 1, 1f, 0),
                new Sampling(1f, 1000, 0.999f, 2));
    }

    @ParameterizedTest(name = "{0}, {2}")
    @MethodSource("samplings")
    void everyRowDrawsItsToken(Target target, Storage storage, Sampling sampling) {
        Contract.check(target, storage, (kernels, memory) -> {
            Tensor ids = memory.integerOutput("ids", ROWS);
            Tensor logprobs = memory.output(PARAMETER, "logprobs", Bound.LOG_SUM_EXP, ROWS);
            Tensor logits = scratch(memory, "logits", 3, ROWS, PADDED);

            kernels.sample(ids, logprobs, logits, COLUMNS, sampling, 5);
        });
    }

    /// Hundreds of columns, of which many are equal: among equals top-k keeps all, top-p the lower ids.
    @ParameterizedTest(name = "{0}, {2}")
    @MethodSource("samplings")
    void aRowOfManyEqualsDrawsItsToken(Target target, Storage storage, Sampling sampling) {
        int columns = 1500;
        Contract.check(target, storage, (kernels, memory) -> {
            Tensor ids = memory.integerOutput("ids", 3);
            Tensor logprobs = memory.output(PARAMETER, "logprobs", Bound.LOG_SUM_EXP, 3);
            double[] logits = new Random(17)
                    .doubles(3L * columns, -2, 2)
                    .map(value -> Math.rint(value * 8) / 8)
                    .toArray();

            kernels.sample(ids, logprobs, scratch(memory, logits, 3, columns), columns - 1, sampling, 5);
        });
    }

    static Stream<Target> targets() {
        return Target.all();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("targets")
    void greedyTakesTheLowestOfEqualsAndNeverThePadding(Target target) {
        try (Memory memory = target.memory(FLOATS)) {
            Tensor ids = memory.integerOutput("ids", 1);
            Tensor logits = scratch(memory, new double[] {-1, 2, 0, 2, 2, 9, 9}, 1, 7);

            Contract.run(
                    target.first(),
                    memory,
                    (kernels, same) -> kernels.sample(ids, NONE, logits, 5, Sampling.GREEDY, 0));

            assertThat(Elements.integer(ids, 0)).isEqualTo(1);
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("targets")
    void frequenciesAreTheProbabilities(Target target) {
        int[] counts = new int[4];
        int draws = 8000;
        try (Memory memory = target.memory(FLOATS)) {
            Tensor ids = memory.integerOutput("ids", draws);
            double[] logits = new double[draws * 4];
            for (int i = 0; i < logits.length; i++) {
                logits[i] = Elements.round(Math.log(i % 4 + 1.0), Dtype.F32);
            }
            Tensor tensor = scratch(memory, logits, draws, 4);

            Contract.run(
                    target.first(),
                    memory,
                    (kernels, same) -> kernels.sample(ids, NONE, tensor, 4, new Sampling(1, 0, 0, 99), 3));

            for (int r = 0; r < draws; r++) {
                counts[Elements.integer(ids, r)]++;
            }
        }
        for (int v = 0; v < 4; v++) {
            double p = (v + 1) / 10.0;
            double deviation = Math.sqrt(draws * p * (1 - p));
            assertThat((double) counts[v]).isBetween(draws * p - 4 * deviation, draws * p + 4 * deviation);
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("targets")
    void repeatedIdsArePenalisedOnceEach(Target target) {
        Contract.check(target, FLOATS, (kernels, memory) -> penalise(kernels, memory, 0, 9, 4, 1, 7));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("targets")
    void anIdOutOfRangeIsPassedOverAndSetsTheFault(Target target) {
        try (Memory memory = target.memory(FLOATS)) {
            Tensor step = Contract.run(
                    target.first(),
                    memory,
                    (kernels, same) -> penalise(kernels, memory, 0, 9, PADDED, -1, Integer.MAX_VALUE));

            assertThat(step.segment().get(ValueLayout.JAVA_INT, 76)).as("fault").isEqualTo(1);
            assertThat(step.bytes()).isEqualTo(StepBlock.BYTES);
            memory.assertOnlyOutputsWereWritten();
        }
    }

    private static void penalise(Kernels kernels, Memory memory, int... ids) {
        Tensor logits = memory.updated(PARAMETER, "logits", 3, Bound.GLUE, 2, PADDED);
        int[] previous = Arrays.copyOf(ids, 2 * ids.length);
        System.arraycopy(ids, 0, previous, ids.length, ids.length);
        previous[1] = ids[0];

        kernels.penalizeRepetition(
                logits, memory.integers(previous).reshape(2, ids.length), memory.integers(ids.length, 2), 1.3f);
    }

    /// Logits that sampling may overwrite as it likes.
    private static Tensor scratch(Memory memory, String name, double deviation, long... shape) {
        return memory.updated(PARAMETER, name, deviation, Bound.ANYTHING, shape);
    }

    private static Tensor scratch(Memory memory, double[] values, long... shape) {
        return memory.updated(PARAMETER, values, "logits", Bound.ANYTHING, shape);
    }
}
