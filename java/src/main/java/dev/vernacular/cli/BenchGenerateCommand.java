package dev.vernacular.cli;

import dev.vernacular.generate.GenerateException;
import dev.vernacular.generate.GenerationBenchmark;
import dev.vernacular.kernels.Backend;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.model.GptConfig;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `bench generate`: greedy decoding on random weights.
@Command(
        name = "generate",
        mixinStandardHelpOptions = true,
        description = {
            "Times greedy decoding of a GPT of the given shape, GPT-2 124M by default.",
            "Example: vernacular bench generate --precision bf16"
        })
final class BenchGenerateCommand implements Runnable {
    @Mixin
    private CommonOptions common;

    @Mixin
    private BackendOptions backends;

    @Mixin
    private ModelShapeOptions shape;

    @Option(
            names = "--batch",
            paramLabel = "N",
            defaultValue = "1",
            description = "Sequences at a time; default: ${DEFAULT-VALUE}.")
    private int batch;

    @Option(
            names = "--seq",
            paramLabel = "N",
            defaultValue = "32",
            description = "Tokens of the prompt; default: ${DEFAULT-VALUE}.")
    private int prompt;

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "96",
            description = "Tokens that are added; default: ${DEFAULT-VALUE}.")
    private int steps;

    @Option(
            names = {"--precision", "--dtype"},
            paramLabel = "P",
            defaultValue = "32",
            description = "Of the weights: 32, bf16, 16 or int8; default: ${DEFAULT-VALUE}.")
    private String precision;

    @Override
    public void run() {
        shape.check();
        ModelShapeOptions.require("--batch", batch);
        ModelShapeOptions.require("--seq", prompt);
        ModelShapeOptions.require("--steps", steps);
        GptConfig config =
                GptConfig.gpt2(shape.layers, shape.hidden, shape.heads, Math.addExact(prompt, steps), shape.vocab);
        GenerationBenchmark benchmark = new GenerationBenchmark(config, dtype(), batch, prompt, steps);
        try (Backend backend = backends.open()) {
            print(backend, benchmark.run(backend));
        }
    }

    private Dtype dtype() {
        return switch (precision) {
            case "32", "fp32" -> Dtype.F32;
            case "bf16" -> Dtype.BF16;
            case "16", "fp16" -> Dtype.F16;
            case "int8" -> Dtype.I8;
            default -> throw new GenerateException("--precision " + precision + ": use 32, bf16, 16 or int8");
        };
    }

    private void print(Backend backend, GenerationBenchmark.Result result) {
        if (!common.json) {
            Console.result("%.1f tokens/s, %.2f ms a step (fastest %.2f), prompt %.1f ms, peak memory %d MB"
                    .formatted(
                            result.tokensPerSecond(),
                            1e3 * result.medianSeconds(),
                            1e3 * result.minSeconds(),
                            1e3 * result.prefillSeconds(),
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
        line.put("prefill_ms", 1e3 * result.prefillSeconds());
        line.put("peak_bytes", BenchCommand.peakBytes());
        Console.json(line);
    }
}
