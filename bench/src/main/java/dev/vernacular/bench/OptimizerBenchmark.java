package dev.vernacular.bench;

import dev.vernacular.kernels.AdamW;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Kernels;
import dev.vernacular.kernels.ParameterSegments;
import dev.vernacular.kernels.Tensor;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/// The end of a step. Bound: memory bandwidth (`limits`: `triad_gbps_*`). `mbyte` counts 4 bytes a parameter
/// for the norm; for AdamW 28: masters and two moments read and written, gradients read.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class OptimizerBenchmark {
    private static final AdamW ADAMW = new AdamW(0.9f, 0.95f, 1e-8f);

    /// A matrix: GPT-2's token table; one of as many elements as the demo's model has parameters.
    @Param({"50304x768", "9142x128"})
    public String shape;

    /// What the compute copy is in, which AdamW refreshes as it goes.
    @Param({"F32", "BF16"})
    public Dtype dtype;

    private Workbench bench;
    private long elements;
    private ParameterSegments segments;
    private Tensor masters;
    private Tensor firstMoments;
    private Tensor secondMoments;
    private Tensor gradients;

    @Setup(Level.Trial)
    public void setUp(Workbench workbench) {
        bench = workbench;
        long[] sizes = Shape.of(shape, 2);
        elements = sizes[0] * sizes[1];
        bench.bind(new Kernels.Sizes(1, 1, sizes[1], 1, sizes[1], sizes[1], sizes[0], dtype, true));
        masters = bench.normal(0.02f, Dtype.F32, elements);
        gradients = bench.normal(1e-3f, Dtype.F32, elements);
        firstMoments = bench.zeros(Dtype.F32, elements);
        secondMoments = bench.zeros(Dtype.F32, elements);
        long bytes = bench.kernels().computeCopyBytes(sizes[0], sizes[1], dtype, true);
        Tensor copy = bytes == 0 ? Tensor.NONE : bench.zeros(Dtype.I8, bytes);
        segments = ParameterSegments.upload(
                bench.device(),
                List.of(new ParameterSegments.Segment(0, sizes[0], sizes[1], copy, dtype, 0.1f, 1f, false)));
        norm(new Traffic());
    }

    @Benchmark
    public void norm(Traffic work) {
        bench.kernels().gradientNorm(gradients, segments, 1f);
        bench.finish();
        work.mbyte += 4e-6 * elements;
    }

    @Benchmark
    public void adamw(Traffic work) {
        bench.kernels().adamwUpdate(masters, firstMoments, secondMoments, gradients, segments, ADAMW);
        bench.finish();
        work.mbyte += 28e-6 * elements;
    }
}
