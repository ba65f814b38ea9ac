package dev.vernacular.cli;

import dev.vernacular.kernels.Backend;
import dev.vernacular.model.Precision;
import dev.vernacular.train.TrainException;
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
            "Times training steps (forward, backward, clipping, AdamW) of a GPT of the given shape, GPT-2 124M by default.",
            "Example: vernacular bench train --layers 6 --hidden 384 --heads 6 --vocab 16384 --batch 8 --seq 256"
        })
final class BenchTrainCommand implements Runnable {
    @Mixin
    private CommonOptions common;

    @Mixin
    private BackendOptions backends;

    @Mixin
    private ModelShapeOptions shape;

    @Option(
            names = "--seq",
            paramLabel = "N",
            defaultValue = "256",
            description = "Tokens in a sequence; default: ${DEFAULT-VALUE}.")
    private int sequenceLength;

    @Option(
            names = "--batch",
            paramLabel = "N",
            defaultValue = "4",
            description = "Sequences in a step; default: ${DEFAULT-VALUE}.")
    private int batch;

    @Option(
            names = "--precision",
            paramLabel = "P",
            defaultValue = "32",
            description = "32, bf16 or 16; default: ${DEFAULT-VALUE}.")
    private String precision;

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
        ModelShapeOptions.require("--seq", sequenceLength);
        ModelShapeOptions.require("--batch", batch);
        ModelShapeOptions.require("--steps", steps);
        TrainingBenchmark.Shape sizes = new TrainingBenchmark.Shape(
                shape.layers, shape.hidden, shape.heads, shape.vocab, sequenceLength, batch, precision());
        try (Backend backend = backends.open()) {
            print(backend, new TrainingBenchmark(sizes, backend).run(Math.max(0, warmup), steps));
        }
    }

    private Precision precision() {
        return switch (precision) {
            case "32", "fp32" -> Precision.FP32;
            case "bf16" -> Precision.BF16;
            case "16", "fp16" -> Precision.FP16;
            default -> throw new TrainException("--precision " + precision + ": use 32, bf16 or 16");
        };
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
        line.put("precision", precision);
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
