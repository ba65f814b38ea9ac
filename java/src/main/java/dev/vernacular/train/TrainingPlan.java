package dev.vernacular.train;

import dev.vernacular.config.RunConfig;
import dev.vernacular.kernels.Backend;
import dev.vernacular.model.GptConfig;
import dev.vernacular.model.ModelMemory;
import dev.vernacular.model.ModelPlan;
import java.util.Arrays;
import java.util.Map;
import java.util.OptionalDouble;

/// What a run will take, worked out before anything is written: memory from the plan that the run itself would
/// allocate, tokens from its batches and steps, arithmetic from its sizes.
///
/// @param parameters     trained numbers, a tied head counted once
/// @param bytesByKind    of the one block on the device
/// @param tokensPerStep  of a global batch
/// @param tokens         of all steps
/// @param flops          of all steps: 6 for each parameter of a matrix and token, and attention's 12 L T C a
///                       token (Chowdhery et al. 2022, appendix B)
/// @param secondsPerStep measured, where that was asked for
public record TrainingPlan(
        long parameters,
        Map<String, Long> bytesByKind,
        long bytes,
        int steps,
        long samples,
        long tokensPerStep,
        long tokens,
        double flops,
        OptionalDouble secondsPerStep) {
    private static final int MEASURED_STEPS = 3;

    /// Opens model and data as the run would, and so finds what would stop it.
    ///
    /// @param isMeasured also allocate, and time some steps; nothing is written
    public static TrainingPlan of(RunConfig config, Backend backend, boolean isMeasured) {
        try (RunSetup setup = RunSetup.open(config, backend.kernels())) {
            ModelPlan plan = setup.plan();
            long perStep = (long) config.batch().global() * config.data().sequenceLength();
            long tokens = perStep * config.trainer().maxSteps();
            return new TrainingPlan(
                    plan.layout().parameterCount(),
                    plan.bytesByKind(),
                    plan.bytes(),
                    config.trainer().maxSteps(),
                    (long) config.batch().global() * config.trainer().maxSteps(),
                    perStep,
                    tokens,
                    flopsPerToken(plan, config.data().sequenceLength()) * tokens,
                    isMeasured ? OptionalDouble.of(measure(config, backend, setup)) : OptionalDouble.empty());
        }
    }

    private static double flopsPerToken(ModelPlan plan, int sequenceLength) {
        GptConfig config = plan.config();
        long head = (long) config.paddedVocabularySize() * config.hiddenSize();
        long blocks = plan.layout().parameters().stream()
                .filter(parameter -> parameter.name().startsWith("layers."))
                .mapToLong(parameter -> parameter.elements())
                .sum();
        return 6.0 * (blocks + head) + 12.0 * config.layers() * config.attentionSize() * sequenceLength;
    }

    /// The median of some steps, after one that warms up.
    private static double measure(RunConfig config, Backend backend, RunSetup setup) {
        ModelMemory memory = setup.plan().allocate(backend.device(), backend.kernels());
        memory.load(flat -> setup.start().weights().fill(memory.layout(), flat));
        StepRunner runner = new StepRunner(config, backend, memory, setup.train(), setup.batch());
        double[] seconds = new double[MEASURED_STEPS];
        runner.run(0, 0, 1, 0);
        for (int step = 0; step < MEASURED_STEPS; step++) {
            long start = System.nanoTime();
            runner.run(0, 0, 1, step);
            seconds[step] = (System.nanoTime() - start) / 1e9;
        }
        Arrays.sort(seconds);
        return seconds[MEASURED_STEPS / 2];
    }
}
