package dev.vernacular.train;

import dev.vernacular.config.RunConfig;
import dev.vernacular.data.Batch;
import dev.vernacular.data.SampleSource;
import dev.vernacular.kernels.AdamW;
import dev.vernacular.kernels.Backend;
import dev.vernacular.kernels.ParameterSegments;
import dev.vernacular.kernels.memory.Device;
import dev.vernacular.kernels.memory.Device.Recording;
import dev.vernacular.model.BatchBuffers;
import dev.vernacular.model.ModelMemory;
import dev.vernacular.model.ModelMemory.Treatment;
import dev.vernacular.train.store.TrainedParameters;

/// One optimizer step: forward and backward over the micro-batches of a global batch, then clipping and AdamW.
///
/// ```
/// loss = mean over micro-batches of (Σ masked losses / Σ mask)
/// ```
///
/// Everything that changes from step to step reaches the kernels through the step block and the batch's buffers,
/// so the same recorded calls are made in every step.
final class StepRunner {
    private final RunConfig config;
    private final Backend backend;
    private final ModelMemory memory;
    private final SampleSource samples;
    private final Batch batch;
    private final LossReader losses;
    private final ParameterSegments segments;
    private final AdamW adamw;
    private final long[] indices;
    private final Recording firstMicroBatch;
    private final Recording nextMicroBatch;
    private final Recording clippedUpdate;

    /// @param gradientNorm before clipping
    /// @param isSkipped    a gradient was not finite, the weights stayed as they were
    record Outcome(double loss, double gradientNorm, boolean isSkipped) {}

    StepRunner(RunConfig config, Backend backend, ModelMemory memory, SampleSource samples, Batch batch) {
        this.config = config;
        this.backend = backend;
        this.memory = memory;
        this.samples = samples;
        this.batch = batch;
        losses = new LossReader(backend.device(), memory);
        RunConfig.Optimizer optimizer = config.optimizer();
        float decay = (float) optimizer.weightDecay();
        segments = memory.segments(
                parameter -> new Treatment(parameter.decays() || optimizer.decaysVectors() ? decay : 0f, 1f, false));
        adamw = new AdamW((float) optimizer.beta1(), (float) optimizer.beta2(), (float) optimizer.epsilon());
        indices = new long[config.batch().global()];
        Device device = backend.device();
        firstMicroBatch = device.record(() -> memory.model().forwardBackward(false));
        nextMicroBatch = device.record(() -> memory.model().forwardBackward(true));
        clippedUpdate = device.record(() -> {
            gradientNorm();
            memory.update(segments, adamw);
        });
    }

    /// @param firstSample  the first of the samples to learn from
    /// @param learningRate of this step
    /// @param lossScale    what gradients are computed times
    /// @param updates      optimizer updates done before
    Outcome run(long firstSample, double learningRate, float lossScale, long updates) {
        int micro = config.batch().micro();
        int accumulation = config.batch().accumulationSteps();
        for (int i = 0; i < indices.length; i++) {
            indices[i] = firstSample + i;
        }
        double loss = 0;
        for (int m = 0; m < accumulation; m++) {
            batch.fill(samples, indices, m * micro);
            memory.step()
                    .upload(config.seed(), firstSample + (long) m * micro, (float) learningRate, lossScale, updates);
            load(1.0 / accumulation);
            (m == 0 ? firstMicroBatch : nextMicroBatch).replay();
            loss += losses.mean(batch.counted()) / accumulation;
        }
        if (Double.isFinite(loss)) {
            clippedUpdate.replay();
        } else {
            gradientNorm();
        }
        memory.step().download();
        return new Outcome(loss, memory.step().gradientNorm(), memory.step().skipped());
    }

    private void gradientNorm() {
        float clip = (float) config.trainer().gradientClip();
        backend.kernels().gradientNorm(memory.gradients(), segments, clip);
    }

    /// After a number that is not finite, for a person: the first such weight, else the first such gradient.
    String describeNonFinite() {
        TrainedParameters parameters = TrainedParameters.of(memory, backend.device());
        return parameters
                .firstNonFinite(parameters.masters())
                .map(name -> "the first such weight is in " + name)
                .or(() -> parameters
                        .firstNonFinite(memory.gradients())
                        .map(name -> "the weights are finite, the first such gradient is in " + name))
                .orElse("weights and gradients are finite, the loss alone is not");
    }

    private void load(double share) {
        BatchBuffers buffers = memory.model().batch();
        buffers.load(batch.ids(), batch.positions(), batch.labels(), batch.rowScale(share), batch.documentStarts());
    }
}
