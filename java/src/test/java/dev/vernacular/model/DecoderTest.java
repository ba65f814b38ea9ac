package dev.vernacular.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Sampling;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.memory.CpuDevice;
import dev.vernacular.kernels.reference.ReferenceKernels;
import dev.vernacular.model.ParameterLayout.ParameterSource;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DecoderTest {
    private static final float FLOAT32_FORWARD = 2e-5f;
    private static final int[] LONG = {1, 5, 2, 9, 12, 3};
    private static final int[] SHORT = {7, 4};

    @Test
    void aTokenAfterTheCacheGetsTheLogitsOfTheWholeSequence() {
        for (GptConfig config : new GptConfig[] {TinyModel.config(), TinyModel.untied(), TinyModel.rotary()}) {
            Decoder decoder = decoder(config, Dtype.F32, 1);

            decoder.prefill(new int[][] {Arrays.copyOf(LONG, 3)});
            for (int t = 2; t < LONG.length; t++) {
                decoder.step(new int[] {LONG[t]}, new boolean[] {true});

                assertThat(decoder.logits()[0])
                        .containsExactly(logits(config, Arrays.copyOf(LONG, t + 1)), within(FLOAT32_FORWARD));
            }
        }
    }

    @Test
    void promptsOfDifferentLengthsGetTheLogitsThatEachGetsAlone() {
        Decoder both = decoder(TinyModel.rotary(), Dtype.F32, 2);

        both.prefill(new int[][] {SHORT, LONG});
        both.step(new int[] {SHORT[1], LONG[5]}, new boolean[] {true, true});

        assertThat(both.logits()[0]).containsExactly(logits(TinyModel.rotary(), SHORT), within(FLOAT32_FORWARD));
        assertThat(both.logits()[1]).containsExactly(logits(TinyModel.rotary(), LONG), within(FLOAT32_FORWARD));
    }

    @Test
    void aSequenceThatIsDoneDoesNotDisturbTheOthers() {
        Decoder both = decoder(TinyModel.config(), Dtype.F32, 2);
        both.prefill(new int[][] {LONG, SHORT});
        both.step(new int[] {LONG[5], SHORT[1]}, new boolean[] {false, true});

        both.step(new int[] {0, 3}, new boolean[] {false, true});
        both.step(new int[] {0, 8}, new boolean[] {false, true});

        assertThat(both.logits()[1])
                .containsExactly(logits(TinyModel.config(), new int[] {7, 4, 3, 8}), within(FLOAT32_FORWARD));
    }

    @Test
    void aScoredPromptGivesTheLogProbabilitiesOfItsTokens() {
        Decoder decoder = decoder(TinyModel.config(), Dtype.F32, 2);

        float[][] logprobs = decoder.prefillScored(new int[][] {SHORT, LONG});

        assertThat(logprobs[0]).hasSize(1);
        assertThat(logprobs[1]).hasSize(5);
        assertThat(logprobs[1][2])
                .isCloseTo(
                        (float) logSoftmax(logits(TinyModel.config(), Arrays.copyOf(LONG, 3)), LONG[3]),
                        within(FLOAT32_FORWARD));
    }

    @ParameterizedTest
    @EnumSource(names = {"BF16", "F16", "I8"})
    void roundedWeightsGiveNearlyTheSameLogits(Dtype dtype) {
        Decoder decoder = decoder(TinyModel.config(), dtype, 1);

        decoder.prefill(new int[][] {LONG});
        decoder.step(new int[] {LONG[5]}, new boolean[] {true});

        assertThat(decoder.logits()[0]).containsExactly(logits(TinyModel.config(), LONG), within(0.06f));
    }

    @Test
    void aForbiddenTokenIsNotChosenAndColumnsLimitTheChoice() {
        Decoder decoder = decoder(TinyModel.config(), Dtype.F32, 1);
        decoder.prefill(new int[][] {SHORT});
        decoder.step(new int[] {4}, new boolean[] {true});
        int first = decoder.choose(TinyModel.VOCABULARY, Sampling.GREEDY, 0)[0];
        decoder.prefill(new int[][] {SHORT});
        decoder.step(new int[] {4}, new boolean[] {true});

        decoder.forbid(0, first);

        assertThat(decoder.choose(TinyModel.VOCABULARY, Sampling.GREEDY, 0)[0]).isNotEqualTo(first);
    }

    @Test
    void aSequenceBeyondThePositionsIsRefusedWithBothNumbers() {
        assertThatThrownBy(() -> Decoder.requireFits(TinyModel.config(), 8))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("8 tokens")
                .hasMessageContaining("7 positions");
    }

    private static Decoder decoder(GptConfig config, Dtype dtype, int batch) {
        Decoder decoder = new Decoder(config, dtype, batch, 7, new ReferenceKernels(), new CpuDevice());
        MemorySegment flat = Arena.ofAuto().allocate(new ParameterLayout(config).elements() * Float.BYTES, 64);
        TinyModel.random(flat);
        decoder.load(ParameterSource.ofFlat(flat));
        return decoder;
    }

    private static float[] logits(GptConfig config, int[] ids) {
        ModelMemory memory = TinyModel.evaluation(config, 1, ids.length);
        int[] positions = new int[ids.length];
        Arrays.setAll(positions, i -> i);
        memory.model().batch().load(ids, positions, ids, new double[0], new int[0]);
        memory.model().evaluate();
        try (CpuDevice device = new CpuDevice()) {
            Tensor logits = device.allocate(Dtype.F32, 1, config.paddedVocabularySize());
            memory.model().logits(logits, ids.length - 1L);
            return logits.segment().toArray(ValueLayout.JAVA_FLOAT);
        }
    }

    private static double logSoftmax(float[] logits, int id) {
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit);
        }
        return logits[id] - Math.log(sum);
    }
}
