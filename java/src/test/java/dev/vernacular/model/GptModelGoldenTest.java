package dev.vernacular.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Sampling;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.memory.CpuDevice;
import dev.vernacular.kernels.reference.ReferenceKernels;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The forward pass against PyTorch's transformers.
class GptModelGoldenTest {
    /// Logits of size 10, float32 in both.
    private static final double FLOAT32_FORWARD = 2e-5;

    @ParameterizedTest
    @ValueSource(strings = {"tied", "untied_erf_layernorm1p", "rotary"})
    void logitsAndLossesAreThoseOfTransformers(String name) {
        GoldenModel golden = GoldenModel.read(name);
        int[][] ids = golden.ids();
        GptModel model = evaluated(golden);

        float[] losses = model.losses().segment().toArray(ValueLayout.JAVA_FLOAT);
        for (int sequence = 0; sequence < ids.length; sequence++) {
            double[] logprobs = golden.logprobs(sequence);
            for (int t = 0; t < logprobs.length; t++) {
                assertThat(-losses[sequence * ids[0].length + t])
                        .isCloseTo((float) logprobs[t], within((float) FLOAT32_FORWARD));
            }
            assertThat(lastLogits(model, sequence))
                    .containsExactly(golden.lastLogits(sequence), within(FLOAT32_FORWARD));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tied", "untied_erf_layernorm1p", "rotary"})
    void greedyDecodingContinuesAsTransformersDoes(String name) {
        GoldenModel golden = GoldenModel.read(name);
        int[][] prompts = golden.ids();
        Decoder decoder = new Decoder(golden.config(), Dtype.F32, 2, 11, new ReferenceKernels(), new CpuDevice());
        decoder.load(golden.weights());

        decoder.prefill(prompts);
        int[] last = Arrays.stream(prompts)
                .mapToInt(prompt -> prompt[prompt.length - 1])
                .toArray();
        int[][] rows = golden.greedy();
        for (int t = prompts[0].length; t < rows[0].length; t++) {
            int column = t;
            decoder.step(last, new boolean[] {true, true});
            last = decoder.choose(golden.config().paddedVocabularySize(), Sampling.GREEDY, t);
            assertThat(last)
                    .isEqualTo(
                            IntStream.range(0, 2).map(row -> rows[row][column]).toArray());
        }
    }

    private static GptModel evaluated(GoldenModel golden) {
        int[][] ids = golden.ids();
        ReferenceKernels kernels = new ReferenceKernels();
        ModelMemory memory = ModelPlan.evaluation(golden.config(), Precision.FP32, ids.length, ids[0].length, kernels)
                .allocate(new CpuDevice(), kernels);
        memory.load(golden::fill);
        int rows = ids.length * ids[0].length;
        int[] labels = new int[rows];
        int[] positions = new int[rows];
        for (int row = 0; row < rows; row++) {
            int[] sequence = ids[row / ids[0].length];
            positions[row] = row % sequence.length;
            labels[row] = positions[row] + 1 < sequence.length ? sequence[positions[row] + 1] : -1;
        }
        memory.model()
                .batch()
                .load(
                        Arrays.stream(ids).flatMapToInt(Arrays::stream).toArray(),
                        positions,
                        labels,
                        new double[0],
                        new int[0]);
        memory.model().evaluate();
        return memory.model();
    }

    private static double[] lastLogits(GptModel model, int sequence) {
        try (CpuDevice device = new CpuDevice()) {
            Tensor logits = device.allocate(Dtype.F32, 1, model.config().paddedVocabularySize());
            model.logits(logits, (sequence + 1L) * model.batch().sequenceLength() - 1);
            float[] values = logits.segment().toArray(ValueLayout.JAVA_FLOAT);
            return IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray();
        }
    }
}
