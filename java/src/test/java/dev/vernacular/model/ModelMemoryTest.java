package dev.vernacular.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.vernacular.kernels.ParameterSegments;
import dev.vernacular.kernels.memory.CpuDevice;
import dev.vernacular.kernels.reference.ReferenceKernels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class ModelMemoryTest {
    @Test
    void thePlanIsWhatTheDeviceGivesAway() {
        ReferenceKernels kernels = new ReferenceKernels();
        ModelPlan plan = ModelPlan.training(TinyModel.config(), Precision.FP32, 2, 5, kernels);
        try (CpuDevice device = new CpuDevice()) {
            plan.allocate(device, kernels);

            assertThat(device.liveBytes()).isBetween(plan.bytes(), plan.bytes() + 10_000);
            assertThat(plan.bytesByKind().values().stream()
                            .mapToLong(Long::longValue)
                            .sum())
                    .isEqualTo(plan.bytes());
            assertThat(plan.bytesByKind()).containsKeys("parameters", "gradients", "moments", "activations", "batch");
        }
    }

    @Test
    void evaluationPlansNeitherGradientsNorMoments() {
        ModelPlan plan = ModelPlan.evaluation(TinyModel.config(), Precision.FP32, 2, 5, new ReferenceKernels());

        assertThat(plan.bytesByKind()).doesNotContainKeys("gradients", "moments");
    }

    @Test
    void aSequenceLongerThanThePositionsIsRefusedNamingBoth() {
        assertThatThrownBy(() -> ModelPlan.training(TinyModel.config(), Precision.FP32, 1, 8, new ReferenceKernels()))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("8 tokens")
                .hasMessageContaining("7 positions");
    }

    @Test
    void aSmallerBatchInTheSameMemoryHasTheSameLosses() {
        ModelMemory memory = TinyModel.evaluation(TinyModel.config(), 3, 5);
        TinyModel.load(memory.model().batch(), 0);
        memory.model().evaluate();
        float[] all = memory.model().losses().segment().toArray(ValueLayout.JAVA_FLOAT);

        GptModel smaller = memory.model(1, 5);
        TinyModel.load(smaller.batch(), 0);
        smaller.evaluate();

        assertThat(smaller.losses().segment().toArray(ValueLayout.JAVA_FLOAT)).containsExactly(Arrays.copyOf(all, 5));
    }

    @Test
    void segmentsCarryWhatTheOptimizerIsToDo() {
        ModelMemory memory = TinyModel.training(TinyModel.config(), Precision.FP32, 1);

        ParameterSegments segments = memory.segments(
                parameter -> new ModelMemory.Treatment(parameter.decays() ? 0.1f : 0f, 2f, parameter.isVector()));

        assertThat(segments.list()).hasSameSizeAs(memory.layout().parameters());
        assertThat(segments.list().getLast().weightDecay()).isEqualTo(0.1f);
        assertThat(segments.list().getFirst().frozen()).isTrue();
    }

    @Test
    void freshParametersHaveMegatronsSpread() {
        GptConfig config = TinyModel.config().withPaddedVocabularySize(5003);
        ParameterLayout layout = new ParameterLayout(config);
        MemorySegment flat = Arena.ofAuto().allocate(layout.elements() * Float.BYTES, 64);

        new ParameterInit(config, 1234).fill(layout, flat);

        assertThat(deviation(flat, layout.get("word_embeddings.weight"))).isCloseTo(0.3, within(0.003));
        assertThat(deviation(flat, layout.get("layers.1.down.weight"))).isCloseTo(0.15, within(0.03));
        assertThat(deviation(flat, layout.get("layers.0.qkv.weight"))).isCloseTo(0.3, within(0.04));
        assertThat(value(flat, layout.get("final_norm.weight").offset())).isEqualTo(1f);
        assertThat(value(flat, layout.get("layers.0.up.bias").offset())).isZero();
    }

    @Test
    void anotherSeedGivesOtherParametersAndTheSameSeedTheSame() {
        GptConfig config = TinyModel.config();

        assertThat(filled(config, 1)).isEqualTo(filled(config, 1)).isNotEqualTo(filled(config, 2));
    }

    private static float[] filled(GptConfig config, long seed) {
        ParameterLayout layout = new ParameterLayout(config);
        MemorySegment flat = Arena.ofAuto().allocate(layout.elements() * Float.BYTES, 64);
        new ParameterInit(config, seed).fill(layout, flat);
        return flat.toArray(ValueLayout.JAVA_FLOAT);
    }

    private static float value(MemorySegment flat, long element) {
        return flat.getAtIndex(ValueLayout.JAVA_FLOAT, element);
    }

    private static double deviation(MemorySegment flat, ParameterLayout.Parameter parameter) {
        double squares = 0;
        for (long i = 0; i < parameter.elements(); i++) {
            squares += Math.pow(value(flat, parameter.offset() + i), 2);
        }
        return Math.sqrt(squares / parameter.elements());
    }
}
