package dev.vernacular.cli;

import dev.vernacular.kernels.Backend;
import dev.vernacular.kernels.Backends;
import dev.vernacular.model.Precision;
import dev.vernacular.train.TrainException;
import dev.vernacular.train.TrainingBenchmark;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `bench train`: whole training steps on random weights.
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        description = "Measures this machine.",
        subcommands = BenchCommand.Train.class)
final class BenchCommand implements Runnable {
    @picocli.CommandLine.Spec
    private picocli.CommandLine.Model.CommandSpec spec;

    @Override
    public void run() {
        throw new picocli.CommandLine.ParameterException(spec.commandLine(), "say what to measure: bench train");
    }

    @Command(
            name = "train",
            mixinStandardHelpOptions = true,
            description = {
                "Times training steps (forward, backward, clipping, AdamW) of a GPT of the given shape, GPT-2 124M by default.",
                "Example: vernacular bench train --layers 6 --hidden 384 --heads 6 --vocab 16384 --batch 8 --seq 256"
            })
    static final class Train implements Runnable {
        @Mixin
        private CommonOptions common;

        @Mixin
        private BackendOptions backendOptions;

        @Option(names = "--layers", defaultValue = "12")
        private int layers;

        @Option(names = "--hidden", defaultValue = "768")
        private int hidden;

        @Option(names = "--heads", defaultValue = "12")
        private int heads;

        @Option(names = "--vocab", defaultValue = "50304")
        private int vocab;

        @Option(names = "--seq", defaultValue = "256", description = "Tokens in a sequence.")
        private int sequenceLength;

        @Option(names = "--batch", defaultValue = "4", description = "Sequences in a step.")
        private int batch;

        @Option(names = "--precision", defaultValue = "32", description = "32, bf16 or 16.")
        private String precision;

        @Option(names = "--steps", defaultValue = "5")
        private int steps;

        @Option(names = "--warmup", defaultValue = "2", description = "Steps before the clock starts.")
        private int warmup;

        @Override
        public void run() {
            if (Math.min(Math.min(layers, hidden), Math.min(heads, vocab)) < 1
                    || Math.min(sequenceLength, batch) < 1
                    || steps < 1
                    || warmup < 0) {
                throw new TrainException("bench train: every size must be at least 1");
            }
            TrainingBenchmark.Shape shape =
                    new TrainingBenchmark.Shape(layers, hidden, heads, vocab, sequenceLength, batch, precision());
            try (Backend backend = Backends.open(
                    backendOptions.name, backendOptions.threads, Optional.ofNullable(backendOptions.isa))) {
                Console.note("backend: " + backend.why());
                TrainingBenchmark.Result result = new TrainingBenchmark(shape, backend).run(warmup, steps);
                print(backend, result);
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
                                peakBytes() / 1_000_000));
                return;
            }
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("backend", backend.name());
            line.put("precision", precision);
            line.put(
                    "threads",
                    backendOptions.threads == 0 ? Runtime.getRuntime().availableProcessors() : backendOptions.threads);
            line.put("parameters", result.parameters());
            line.put("tokens_per_s", result.tokensPerSecond());
            line.put("ms_per_step", Map.of("min", 1e3 * result.minSeconds(), "median", 1e3 * result.medianSeconds()));
            line.put("step_s", result.medianSeconds());
            line.put("mfu", result.mfu());
            line.put("product_tflops", result.productFlops() / 1e12);
            line.put("planned_bytes", result.plannedBytes());
            line.put("peak_bytes", peakBytes());
            line.put("loss_first", result.lossFirst());
            line.put("loss_last", result.lossLast());
            Console.json(line);
        }

        /// The most memory that this process ever held, as Linux counts it; 0 elsewhere.
        private static long peakBytes() {
            try (var lines = Files.lines(Path.of("/proc/self/status"))) {
                return lines.filter(line -> line.startsWith("VmHWM:"))
                        .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", "")))
                        .findFirst()
                        .orElse(0);
            } catch (IOException notLinux) {
                return 0;
            }
        }
    }
}
