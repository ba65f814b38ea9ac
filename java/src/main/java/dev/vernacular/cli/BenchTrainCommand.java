package dev.vernacular.cli;

import dev.vernacular.kernels.Backend;
import dev.vernacular.train.TrainingBenchmark;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `bench train`: whole training steps on random weights.
@Command(
        name = "train",
        mixinStandardHelpOptions = true,
        description = {
            "Times training steps (forward, backward, clipping, AdamW) of a GPT of the given shape, GPT-2 124M by"
                    + " default.",
            "Example: vernacular bench train --layers 6 --hidden 384 --heads 6 --vocab 16384 --batch 8 --seq 256"
        })
final class BenchTrainCommand implements Runnable {
    @Mixin
    private CommonOptions common;

    @Mixin
    private BackendOptions backends;

    @Mixin
    private ModelShapeOptions shape;

    @Mixin
    private MicroBatchOptions microBatch;

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "5",
            description = "Steps that are timed; default: ${DEFAULT-VALUE}.")
    private int steps;

    @Option(
            names = "--warmup",
            paramLabel = "N",
            defaultValue = "2",
            description = "Steps before the clock starts; default: ${DEFAULT-VALUE}.")
    private int warmup;

    @Override
    public void run() {
        shape.check();
        microBatch.check();
        ModelShapeOptions.require("--steps", steps);
        TrainingBenchmark.Shape sizes = new TrainingBenchmark.Shape(
                shape.layers,
                shape.hidden,
                shape.heads,
                shape.vocab,
                microBatch.sequenceLength,
                microBatch.batch,
                microBatch.precision());
        try (Backend backend = backends.open()) {
            print(backend, new TrainingBenchmark(sizes, backend).run(Math.max(0, warmup), steps));
        }
    }

    private void print(Backend backend, TrainingBenchmark.Result result) {
        if (!common.json) {
            Console.result("%.0f tokens/s, %.1f ms a step (fastest %.1f), MFU %.0f %%, peak memory %d MB"
                    .formatted(
                            result.tokensPerSecond(),
                            1e3 * result.medianSeconds(),
                            1e3 * result.minSeconds(),
                            100 * result.mfu(),
                            BenchCommand.peakBytes() / 1_000_000));
            return;
        }
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("backend", backend.name());
        line.put("precision", microBatch.precision);
        line.put("threads", backends.threadCount());
        line.put("parameters", result.parameters());
        line.put("tokens_per_s", result.tokensPerSecond());
        line.put("ms_per_step", Map.of("min", 1e3 * result.minSeconds(), "median", 1e3 * result.medianSeconds()));
        line.put("step_s", result.medianSeconds());
        line.put("mfu", result.mfu());
        line.put("product_tflops", result.productFlops() / 1e12);
        line.put("planned_bytes", result.plannedBytes());
        line.put("peak_bytes", BenchCommand.peakBytes());
        line.put("loss_first", result.lossFirst());
        line.put("loss_last", result.lossLast());
        Console.json(line);
    }
}
