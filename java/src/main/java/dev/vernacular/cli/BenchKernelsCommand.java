package dev.vernacular.cli;

import dev.vernacular.kernels.Backend;
import dev.vernacular.kernels.benchmark.KernelBenchmark;
import dev.vernacular.model.Precision;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// `bench kernels`: each kernel of a training step alone.
@Command(
        name = "kernels",
        mixinStandardHelpOptions = true,
        description = {
            "Times each kernel of a training step, beside a copy in memory, at the sizes of a GPT of the given shape.",
            "Example: vernacular bench kernels --backend cuda --precision bf16 --batch 32 --seq 1024"
        })
final class BenchKernelsCommand implements Runnable {
    @Mixin
    private CommonOptions common;

    @Mixin
    private BackendOptions backends;

    @Mixin
    private ModelShapeOptions shape;

    @Mixin
    private MicroBatchOptions microBatch;

    @Override
    public void run() {
        shape.check();
        microBatch.check();
        Precision precision = microBatch.precision();
        KernelBenchmark.Shape sizes = new KernelBenchmark.Shape(
                microBatch.batch,
                microBatch.sequenceLength,
                shape.hidden,
                shape.heads,
                shape.vocab,
                precision.activation());
        try (Backend backend = backends.open()) {
            if (!common.json) {
                Console.result("%-28s %10s %10s %10s".formatted("kernel", "ms", "GB/s", "TFLOP/s"));
            }
            List<KernelBenchmark.Result> results = new KernelBenchmark(sizes, backend).run(this::print);
            if (common.json) {
                Console.json(json(backend, results));
            }
        }
    }

    private void print(KernelBenchmark.Result result) {
        if (!common.json) {
            Console.result("%-28s %10.3f %10.1f %10s"
                    .formatted(
                            result.kernel(),
                            1e3 * result.seconds(),
                            result.gigabytesPerSecond(),
                            result.flops() == 0 ? "" : "%.2f".formatted(result.teraflops())));
        }
    }

    private Map<String, Object> json(Backend backend, List<KernelBenchmark.Result> results) {
        Map<String, Object> kernels = new LinkedHashMap<>();
        for (KernelBenchmark.Result result : results) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("ms", 1e3 * result.seconds());
            one.put("gb_per_s", result.gigabytesPerSecond());
            one.put("tflops", result.teraflops());
            kernels.put(result.kernel(), one);
        }
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("backend", backend.name());
        line.put("precision", microBatch.precision);
        line.put("threads", backends.threadCount());
        line.put("kernels", kernels);
        return line;
    }
}
