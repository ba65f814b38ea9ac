package dev.vernacular.kernels.contract;

import static dev.vernacular.kernels.contract.Memory.NONE;
import static dev.vernacular.kernels.contract.Storage.Role.ACTIVATION;
import static dev.vernacular.kernels.contract.Storage.Role.PARAMETER;
import static dev.vernacular.kernels.contract.Storage.Role.RESIDUAL;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vernacular.kernels.Activation;
import dev.vernacular.kernels.AttentionShape;
import dev.vernacular.kernels.Dropout;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.KernelException;
import dev.vernacular.kernels.Kernels;
import dev.vernacular.kernels.Norm;
import dev.vernacular.kernels.Sampling;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.Weight;
import dev.vernacular.kernels.contract.Contract.Operation;
import dev.vernacular.kernels.numbers.Elements;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// What holds for all operations together: refusals, faults, masks. The other `…ContractTest`s of this package
/// compare the operations' results with the reference in double.
class KernelsContractTest {
    private static final Storage FLOATS = new Storage(Dtype.F32, Dtype.F32);
    private static final long FAULT = 76;

    static Stream<Arguments> targetsOfActivations() {
        return Target.all().flatMap(target -> Storage.activations().map(storage -> Arguments.of(target, storage)));
    }

    static Stream<Target> targets() {
        return Target.all();
    }

    @Test
    @Tag("native")
    void theNativeLibraryIsThereAndWasTestedWithScalarCode() {
        assertThat(Target.natives().map(Target::name)).contains("cpu scalar");
    }

    // ---- refusals ---------------------------------------------------------------------------------------------------

    private static Map<String, Operation> refused() {
        Map<String, Operation> calls = new LinkedHashMap<>();
        calls.put("linear_forward: x is F32[3, 4], expected F32[2, 6]", (k, m) -> {
            Weight weight = m.weight("w", 5, 6);
            k.linearForward(out(m, 2, 5), NONE, m.activation("x", 3, 4), weight, NONE, Activation.NONE);
        });
        calls.put("linear_forward: y is F32[2, 4], expected F32[2, 5]", (k, m) -> {
            Weight weight = m.weight("w", 5, 6);
            k.linearForward(out(m, 2, 4), NONE, m.activation("x", 2, 6), weight, NONE, Activation.NONE);
        });
        calls.put("linear_forward: pre is F32[2, 5], it must be none without an activation", (k, m) -> {
            Weight weight = m.weight("w", 5, 6);
            Tensor pre = m.output(ACTIVATION, "pre", Bound.EXACT, 2, 5);
            k.linearForward(out(m, 2, 5), pre, m.activation("x", 2, 6), weight, NONE, Activation.NONE);
        });
        calls.put("linear_backward: x_pre is missing", (k, m) -> {
            Weight weight = m.weight("w", 5, 6);
            Tensor dY = m.activation("dY", 2, 5);
            k.linearBackward(out(m, 2, 6), NONE, NONE, dY, NONE, NONE, weight, Activation.GELU_ERF, false);
        });
        calls.put(
                "bias_activation_forward: bias is F32[4], expected F32[5]",
                (k, m) -> k.biasActivationForward(
                        out(m, 2, 5), NONE, m.activation("x", 2, 5), m.parameter("b", 4), Activation.NONE));
        calls.put(
                "embedding_forward: ids is missing",
                (k, m) -> k.embeddingForward(out(m, 2, 5), NONE, NONE, m.weight("w", 9, 5), NONE, Dropout.none(1)));
        calls.put(
                "embedding_forward: 3 rows are no whole number of sequences of 2 tokens",
                (k, m) -> k.embeddingForward(
                        out(m, 3, 5), m.integers(1, 2, 3), NONE, m.weight("w", 9, 5), NONE, Dropout.none(2)));
        calls.put(
                "residual_layernorm_forward: sum is missing", (k, m) -> layerNorm(k, m, NONE, m.activation("x", 2, 5)));
        calls.put(
                "residual_layernorm_forward: neither x nor out is given",
                (k, m) -> k.residualLayerNormForward(
                        NONE,
                        NONE,
                        NONE,
                        NONE,
                        m.activation("r", 2, 5),
                        NONE,
                        NONE,
                        NONE,
                        1e-5f,
                        Norm.LAYERNORM,
                        Dropout.none(2)));
        calls.put(
                "attention_forward: qkv is F32[3, 9, 4], expected F32[4, 9, 4]",
                (k, m) -> k.attentionForward(
                        out(m, 4, 3, 4),
                        out(m, "lse", 2, 3, 2),
                        m.activation("qkv", 3, 9, 4),
                        AttentionShape.causal(2, 2, 3, 4),
                        Dropout.none(2)));
        calls.put(
                "attention_forward: head size 257 is not in 1 .. 256",
                (k, m) -> k.attentionForward(
                        out(m, 1, 1, 257),
                        out(m, "lse", 1, 1, 1),
                        m.activation("qkv", 1, 3, 257),
                        AttentionShape.causal(1, 1, 1, 257),
                        Dropout.none(1)));
        calls.put(
                "classifier_forward_backward: columns is 10, it must be in 1 .. 9",
                (k, m) -> k.classifierForwardBackward(
                        out(m, 2),
                        NONE,
                        NONE,
                        m.activation("h", 2, 5),
                        m.integers(1, 2),
                        NONE,
                        m.weight("w", 9, 5),
                        10,
                        false));
        calls.put(
                "sample: temperature is -1.0",
                (k, m) -> k.sample(
                        m.integerOutput("ids", 2), NONE, m.parameter("l", 2, 5), 5, new Sampling(-1, 0, 0, 0), 0));
        calls.put(
                "penalize_repetition: penalty is 0.0",
                (k, m) -> k.penalizeRepetition(m.parameter("l", 1, 5), m.integers(1, 2), m.integers(2), 0));
        calls.put("axpy: x is F32[4], expected F32[5]", (k, m) -> k.axpy(out(m, 5), m.parameter("x", 4), 1));
        calls.put(
                "reduce_rows: out is F32[4], expected F32[5]",
                (k, m) -> k.reduceRows(out(m, 4), m.activation("x", 3, 5), false));
        calls.put(
                "cast: out is I32[2], an activation is",
                (k, m) -> k.cast(m.integerOutput("ids", 2), m.activation("x", 2)));
        return calls;
    }

    static Stream<Arguments> refusals() {
        return Target.all()
                .flatMap(target -> refused().entrySet().stream()
                        .map(call -> Arguments.of(target, call.getKey(), call.getValue())));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("refusals")
    void aWrongArgumentIsNamedAndNothingIsWritten(Target target, String message, Operation call) {
        try (Memory memory = target.memory(FLOATS)) {
            assertThatThrownBy(() -> Contract.run(target.first(), memory, call))
                    .isInstanceOf(KernelException.class)
                    .hasMessageContaining(message);

            memory.assertOnlyOutputsWereWritten();
            assertThat(memory.outputs().values())
                    .allSatisfy(
                            output -> assertThat(Memory.bytes(output.tensor())).containsOnly(0xFF));
        }
    }

    private static Tensor out(Memory memory, long... shape) {
        return out(memory, "out", shape);
    }

    private static Tensor out(Memory memory, String name, long... shape) {
        return memory.output(PARAMETER, name, Bound.EXACT, shape);
    }

    private static void layerNorm(Kernels kernels, Memory memory, Tensor sum, Tensor x) {
        kernels.residualLayerNormForward(
                sum,
                out(memory, 2, 5),
                out(memory, "mean", 2),
                out(memory, "rstd", 2),
                memory.activation("residual", 2, 5),
                x,
                memory.parameter("weight", 5),
                NONE,
                1e-5f,
                Norm.LAYERNORM,
                Dropout.none(2));
    }

    // ---- faults -----------------------------------------------------------------------------------------------------

    @ParameterizedTest(name = "{0}")
    @MethodSource("targets")
    void anIdOutOfRangeSetsTheFaultAndLeavesTheOtherRowsRight(Target target) {
        try (Memory memory = target.memory(FLOATS)) {
            Weight tokens = memory.weight("tokens", 9, 5);
            Tensor out = memory.output(RESIDUAL, "out", Bound.EXACT, 4, 5);

            Tensor step = Contract.run(
                    target.first(),
                    memory,
                    (kernels, same) -> kernels.embeddingForward(
                            out, memory.integers(9, 3, -1, Integer.MAX_VALUE), NONE, tokens, NONE, Dropout.none(4)));

            assertThat(step.segment().get(ValueLayout.JAVA_INT, FAULT)).isEqualTo(1);
            assertThat(Memory.bytes(out.slice(1, 1)))
                    .isEqualTo(Memory.bytes(tokens.master().slice(3, 1)));
            assertThat(Memory.bytes(out.slice(0, 1))).containsOnly(0);
            memory.assertOnlyOutputsWereWritten();
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("targets")
    void aLabelOutOfRangeSetsTheFaultAndCountsAsNone(Target target) {
        try (Memory memory = target.memory(FLOATS)) {
            Tensor losses = memory.output(PARAMETER, "losses", Bound.EXACT, 4);
            Tensor dHidden = memory.output(ACTIVATION, "dHidden", Bound.EXACT, 4, 5);
            Tensor dHead = memory.output(PARAMETER, "dHead", Bound.EXACT, 9, 5);

            Tensor step = Contract.run(
                    target.first(),
                    memory,
                    (kernels, same) -> kernels.classifierForwardBackward(
                            losses,
                            dHidden,
                            dHead,
                            memory.activation("hidden", 4, 5),
                            memory.integers(7, 3, -2, Integer.MIN_VALUE),
                            memory.parameter("rowScale", 4),
                            memory.weight("head", 9, 5),
                            7,
                            false));

            assertThat(step.segment().get(ValueLayout.JAVA_INT, FAULT)).isEqualTo(1);
            assertThat(losses.segment().getAtIndex(ValueLayout.JAVA_FLOAT, 0)).isZero();
            assertThat(losses.segment().getAtIndex(ValueLayout.JAVA_FLOAT, 1)).isPositive();
            assertThat(Memory.bytes(dHidden.slice(2, 2))).containsOnly(0);
            memory.assertOnlyOutputsWereWritten();
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("targets")
    void aSequenceThatDoesNotFitItsCacheSetsTheFaultAndIsLeftAlone(Target target) {
        try (Memory memory = target.memory(FLOATS)) {
            AttentionShape shape = AttentionShape.causal(3, 2, 1, 4);
            Tensor keys = memory.activation("keys", 3, 1, 5, 4);
            Tensor values = memory.activation("values", 3, 1, 5, 4);

            Tensor step = Contract.run(
                    target.first(),
                    memory,
                    (kernels, same) -> kernels.kvAppend(
                            keys, values, memory.activation("qkv", 3, 2, 3, 4), memory.integers(4, -1, 5), shape));

            assertThat(step.segment().get(ValueLayout.JAVA_INT, FAULT)).isEqualTo(1);
            memory.assertOnlyOutputsWereWritten();
        }
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("targetsOfActivations")
    void aPositionOutsideTheRopeTableSetsTheFault(Target target, Storage storage) {
        try (Memory memory = target.memory(storage)) {
            Tensor rope = memory.input(PARAMETER, new double[2 * 3 * 4], 2, 3, 4);
            AttentionShape shape = new AttentionShape(1, 4, 2, 1, 16, 0.25f, rope, memory.integers(0, 2, 3, 1), NONE);
            Tensor out = memory.output(ACTIVATION, "out", Bound.ANYTHING, 1, 4, 2, 16);
            Tensor lse = memory.output(PARAMETER, "lse", Bound.ANYTHING, 1, 2, 4);

            Tensor step = Contract.run(
                    target.first(),
                    memory,
                    (kernels, same) -> kernels.attentionForward(
                            out, lse, memory.activation("qkv", 1, 4, 4, 16), shape, Dropout.none(4)));

            assertThat(step.segment().get(ValueLayout.JAVA_INT, FAULT)).isEqualTo(1);
            memory.assertOnlyOutputsWereWritten();
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("targets")
    void decodingASequenceThatDoesNotFitItsCacheSetsTheFaultAndLeavesItAlone(Target target) {
        try (Memory memory = target.memory(FLOATS)) {
            Tensor out = memory.output(ACTIVATION, "out", Bound.ANYTHING, 3, 2, 1, 4);
            Tensor cache = memory.activation("cache", 3, 1, 200, 4);

            Tensor step = Contract.run(
                    target.first(),
                    memory,
                    (kernels, same) -> kernels.decodeAttention(
                            out,
                            memory.activation("qkv", 3, 2, 3, 4),
                            cache,
                            cache,
                            memory.integers(-1, 198, 199),
                            AttentionShape.causal(3, 2, 1, 4)));

            assertThat(step.segment().get(ValueLayout.JAVA_INT, FAULT)).isEqualTo(1);
            assertThat(Memory.bytes(out.slice(0, 1))).containsOnly(0xFF);
            assertThat(Elements.all(out.slice(1, 1))).doesNotContain(Double.NaN);
            assertThat(Memory.bytes(out.slice(2, 1))).containsOnly(0xFF);
            memory.assertOnlyOutputsWereWritten();
        }
    }

    // ---- masks ------------------------------------------------------------------------------------------------------

    @ParameterizedTest(name = "{0}")
    @MethodSource("targets")
    void aMaskDoesNotDependOnTheSplitIntoMicroBatches(Target target) {
        try (Memory memory = target.memory(FLOATS)) {
            Dropout dropout = new Dropout(4, 0.4f, 7);
            Tensor qkv = memory.activation("qkv", 4, 7, 9, 5);
            Tensor whole = memory.output(ACTIVATION, "whole", Bound.EXACT, 4, 7, 3, 5);
            Tensor parts = memory.output(ACTIVATION, "parts", Bound.EXACT, 4, 7, 3, 5);
            Tensor lse = memory.output(PARAMETER, "lse", Bound.EXACT, 4, 3, 7);
            Tensor x = memory.activation("x", 28, 15);
            Tensor summed = memory.output(RESIDUAL, "summed", Bound.EXACT, 28, 15);
            Tensor parted = memory.output(RESIDUAL, "parted", Bound.EXACT, 28, 15);

            Contract.run(target.first(), memory, (kernels, same) -> {
                kernels.attentionForward(whole, lse, qkv, AttentionShape.causal(4, 7, 3, 5), dropout);
                sum(kernels, summed, x, dropout);
            });
            for (int sample : new int[] {2, 0, 3, 1}) {
                Tensor step = Contract.step(memory);
                step.segment().set(ValueLayout.JAVA_LONG, 8, Contract.FIRST_SAMPLE + sample);
                target.first().bind(memory.bytes(1 << 20, 64), step);
                target.first()
                        .attentionForward(
                                parts.slice(sample, 1),
                                lse.slice(sample, 1),
                                qkv.slice(sample, 1),
                                AttentionShape.causal(1, 7, 3, 5),
                                dropout);
                sum(target.first(), parted.slice(7L * sample, 7), x.slice(7L * sample, 7), dropout);
            }

            assertThat(Memory.bytes(parts)).isEqualTo(Memory.bytes(whole));
            assertThat(Memory.bytes(parted)).isEqualTo(Memory.bytes(summed));
            assertThat(Memory.bytes(parted)).isNotEqualTo(Memory.bytes(x));
        }
    }

    private static void sum(Kernels kernels, Tensor sum, Tensor x, Dropout dropout) {
        kernels.residualLayerNormForward(sum, NONE, NONE, NONE, x, x, NONE, NONE, 1e-5f, Norm.LAYERNORM, dropout);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("targets")
    void aMaskKeepsItsShareAndDiffersBetweenSites(Target target) {
        try (Memory memory = target.memory(FLOATS)) {
            double[] ones = new double[64 * 100];
            Arrays.fill(ones, 1);
            Tensor x = memory.input(ACTIVATION, ones, 64, 100);
            Tensor zero = memory.input(RESIDUAL, new double[64 * 100], 64, 100);
            Tensor first = memory.output(RESIDUAL, "first", Bound.EXACT, 64, 100);
            Tensor second = memory.output(RESIDUAL, "second", Bound.EXACT, 64, 100);

            Contract.run(target.first(), memory, (kernels, same) -> {
                kernels.residualLayerNormForward(
                        first, NONE, NONE, NONE, zero, x, NONE, NONE, 1e-5f, Norm.LAYERNORM, new Dropout(8, 0.25f, 16));
                kernels.residualLayerNormForward(
                        second,
                        NONE,
                        NONE,
                        NONE,
                        zero,
                        x,
                        NONE,
                        NONE,
                        1e-5f,
                        Norm.LAYERNORM,
                        new Dropout(9, 0.25f, 16));
            });

            double kept = Arrays.stream(Elements.all(first))
                    .filter(value -> value != 0)
                    .count();
            assertThat(kept / 6400).isBetween(0.73, 0.77);
            assertThat(Memory.bytes(second)).isNotEqualTo(Memory.bytes(first));
        }
    }
}
