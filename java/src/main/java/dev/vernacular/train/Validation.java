package dev.vernacular.train;

import dev.vernacular.config.RunConfig;
import dev.vernacular.data.Batch;
import dev.vernacular.data.SampleSource;
import dev.vernacular.kernels.memory.Device;
import dev.vernacular.kernels.memory.Device.Recording;
import dev.vernacular.model.ModelMemory;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/// The loss on the validation samples, always the same ones from the first: the mean over micro-batches, as
/// NeMo's `val_loss`, and bits per byte of each language where bytes and languages are known.
final class Validation {
    private static final double[] NO_GRADIENT = {};
    private final RunConfig config;
    private final ModelMemory memory;
    private final SampleSource samples;
    private final Batch batch;
    private final LossReader losses;
    private final Recording evaluation;
    private final int[] bytesOfToken;
    private final int batches;

    /// @param samples      at least a global batch of them
    /// @param bytesOfToken UTF-8 bytes by id, 0 for special tokens; empty if they are not known
    Validation(
            RunConfig config,
            Device device,
            ModelMemory memory,
            SampleSource samples,
            Batch batch,
            int[] bytesOfToken) {
        this.config = config;
        this.memory = memory;
        this.samples = samples;
        this.batch = batch;
        this.losses = new LossReader(device, memory);
        this.evaluation = device.record(() -> memory.model().evaluate());
        this.bytesOfToken = bytesOfToken.clone();
        long available = samples.size() / config.batch().global();
        long wanted = config.trainer().validationBatches().isPresent()
                ? config.trainer().validationBatches().getAsInt()
                : (long) Math.ceil(config.trainer().validationShare() * available);
        this.batches = (int) Math.min(wanted, available);
    }

    /// Whether there is anything to validate on.
    boolean isEmpty() {
        return batches == 0;
    }

    /// @param isStopped asked before each micro-batch
    /// @return empty if it was stopped
    Optional<StepListener.Validated> run(int step, BooleanSupplier isStopped) {
        int micro = config.batch().micro();
        int microBatches = batches * config.batch().accumulationSteps();
        long[] indices = new long[micro];
        double sum = 0;
        double[] nats = new double[samples.sources()];
        long[] bytes = new long[samples.sources()];
        for (int m = 0; m < microBatches; m++) {
            if (isStopped.getAsBoolean()) {
                return Optional.empty();
            }
            for (int b = 0; b < micro; b++) {
                indices[b] = (long) m * micro + b;
            }
            batch.fill(samples, indices, 0);
            memory.model()
                    .batch()
                    .load(batch.ids(), batch.positions(), batch.labels(), NO_GRADIENT, batch.documentStarts());
            evaluation.replay();
            sum += losses.mean(batch.counted());
            count(indices, nats, bytes);
        }
        return Optional.of(new StepListener.Validated(step, sum / microBatches, bitsPerByte(nats, bytes)));
    }

    /// Adds each source's nats and bytes. Labels without bytes (the end of a document) belong to no text.
    private void count(long[] indices, double[] nats, long[] bytes) {
        if (bytesOfToken.length == 0) {
            return;
        }
        int[] labels = batch.labels();
        for (int row = 0; row < labels.length; row++) {
            int label = labels[row];
            int length = label >= 0 && label < bytesOfToken.length ? bytesOfToken[label] : 0;
            if (length > 0) {
                int source = samples.sourceOf(indices[row / samples.sequenceLength()]);
                nats[source] += losses.at(row);
                bytes[source] += length;
            }
        }
    }

    private Map<String, Double> bitsPerByte(double[] nats, long[] bytes) {
        List<String> languages = config.data().languages();
        Map<String, Double> bits = new LinkedHashMap<>();
        for (int source = 0; source < languages.size(); source++) {
            if (bytes[source] > 0) {
                bits.put(languages.get(source), nats[source] / Math.log(2) / bytes[source]);
            }
        }
        return bits;
    }
}
