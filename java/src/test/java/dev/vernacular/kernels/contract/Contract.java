package dev.vernacular.kernels.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Kernels;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.contract.Memory.Output;
import dev.vernacular.kernels.memory.StepBlock;
import dev.vernacular.kernels.numbers.Elements;
import dev.vernacular.kernels.reference.ReferenceKernels;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;

/// Runs one operation on a backend and on the reference in double, and compares.
final class Contract {
    static final long SEED = 0x1234_5678_9abc_def0L;
    static final long FIRST_SAMPLE = 0x1_0000_0007L;
    static final float LOSS_SCALE = 4f;
    /// Larger than every size in the contract tests.
    private static final Kernels.Sizes SIZES = new Kernels.Sizes(256, 256, 1280, 16, 256, 1024, 2048, Dtype.F32, true);

    private Contract() {}

    /// An operation with its tensors, made from `memory`.
    @FunctionalInterface
    interface Operation {
        void run(Kernels kernels, Memory memory);
    }

    /// Outputs are within their bounds, nothing else is written, and the bits are the same on a second run and
    /// with every thread count.
    static void check(Target target, Storage storage, Operation operation) {
        try (Memory want = new Memory(storage, true)) {
            run(new ReferenceKernels(), want, operation);
            Map<String, byte[]> bits = checked(target, target.first(), storage, operation, want);
            for (Kernels kernels : target.kernels()) {
                checked(target, kernels, storage, operation, want)
                        .forEach((name, bytes) -> assertThat(Arrays.equals(bytes, bits.get(name)))
                                .as(name + " has the same bits again with " + kernels.describe())
                                .isTrue());
            }
        }
    }

    private static Map<String, byte[]> checked(
            Target target, Kernels kernels, Storage storage, Operation operation, Memory want) {
        try (Memory got = target.memory(storage)) {
            run(kernels, got, operation);
            got.assertOnlyOutputsWereWritten();
            Map<String, byte[]> bits = new LinkedHashMap<>();
            got.outputs().forEach((name, output) -> {
                compare(name, output, want.outputs().get(name).tensor());
                bits.put(name, Memory.bytes(output.tensor()));
            });
            return bits;
        }
    }

    /// Binds a workspace of the size asked for and a step block, then runs.
    ///
    /// @return the step block
    static Tensor run(Kernels kernels, Memory memory, Operation operation) {
        Tensor step = step(memory);
        kernels.bind(memory.bytes(kernels.scratchBytes(SIZES), 64), step);
        operation.run(kernels, memory);
        memory.synchronize();
        return step;
    }

    static Tensor step(Memory memory) {
        Tensor step = memory.bytes(StepBlock.BYTES, 64);
        step.segment().set(ValueLayout.JAVA_LONG, 0, SEED);
        step.segment().set(ValueLayout.JAVA_LONG, 8, FIRST_SAMPLE);
        step.segment().set(ValueLayout.JAVA_FLOAT, 16, 1e-2f);
        step.segment().set(ValueLayout.JAVA_FLOAT, 20, LOSS_SCALE);
        step.segment().set(ValueLayout.JAVA_LONG, 24, 6);
        return step;
    }

    private static void compare(String name, Output got, Tensor wantTensor) {
        if (got.bound().equals(Bound.ANYTHING)) {
            return;
        }
        double[] want = Elements.all(wantTensor);
        double[] values = Elements.all(got.tensor());
        double rms = rms(want);
        double[] errors = new double[want.length];
        double largest = 0;
        int worst = 0;
        for (int i = 0; i < want.length; i++) {
            double difference = Math.abs(values[i] - want[i]);
            errors[i] = difference == 0 ? 0 : difference / (Math.abs(want[i]) + rms);
            if (!(errors[i] <= largest)) {
                largest = errors[i];
                worst = i;
            }
        }
        double limit = got.bound().limit(got.tensor().dtype());
        String where = worst < want.length ? values[worst] + " for " + want[worst] : "";
        assertThat(largest)
                .as("%s%s: error at element %d, %s", name, got.tensor(), worst, where)
                .isLessThanOrEqualTo(limit);
        if (errors.length >= 64) {
            assertThat(rms(errors))
                    .as("%s: root mean square of the errors", name)
                    .isLessThanOrEqualTo(limit / 3);
        }
    }

    private static double rms(double[] values) {
        double squares = 0;
        for (double value : values) {
            squares += value * value;
        }
        return Math.sqrt(squares / Math.max(1, values.length));
    }

    /// Every backend with every storage and every shape.
    static Stream<Arguments> product(Stream<Storage> storages, Object... shapes) {
        List<Storage> all = storages.toList();
        return Target.all()
                .flatMap(target -> all.stream()
                        .flatMap(storage -> Stream.of(shapes).map(shape -> Arguments.of(target, storage, shape))));
    }
}
