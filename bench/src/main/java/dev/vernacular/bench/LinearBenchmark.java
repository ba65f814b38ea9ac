package dev.vernacular.bench;

import dev.vernacular.kernels.Activation;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Kernels;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.Weight;
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

/// The products of a linear layer. Bound: the peak of the type's arithmetic (`limits`: fp32 FMA,
/// `vdpbf16ps` or AMX), which `gflop` is a share of; peers reach 80 to 90 % of it (`peer_gemm.py`).
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class LinearBenchmark {
    /// Rows, inputs, outputs: GPT-2's qkv, up and down with 1,024 tokens; the demo's up.
    @Param({"1024x768x2304", "1024x768x3072", "1024x3072x768", "512x128x512"})
    public String shape;

    @Param({"F32", "BF16"})
    public Dtype dtype;

    private Workbench bench;
    private double gflop;
    private Weight weight;
    private Tensor bias;
    private Tensor x;
    private Tensor y;
    private Tensor dX;
    private Tensor dWeight;
    private Tensor dBias;

    @Setup(Level.Trial)
    public void setUp(Workbench workbench) {
        bench = workbench;
        long[] sizes = Shape.of(shape, 3);
        long rows = sizes[0];
        long in = sizes[1];
        long out = sizes[2];
        bench.bind(new Kernels.Sizes(rows, rows, in, 1, in, Math.max(in, out), Math.max(in, out), dtype, true));
        weight = bench.weight(out, in, dtype);
        bias = bench.zeros(Dtype.F32, out);
        x = bench.normal(1, dtype, rows, in);
        y = bench.normal(1, dtype, rows, out);
        dX = bench.zeros(dtype, rows, in);
        dWeight = bench.zeros(Dtype.F32, out, in);
        dBias = bench.zeros(Dtype.F32, out);
        gflop = 2e-9 * rows * in * out;
    }

    @Benchmark
    public void forward(Arithmetic work) {
        bench.kernels().linearForward(y, Tensor.NONE, x, weight, bias, Activation.NONE);
        bench.finish();
        work.gflop += gflop;
    }

    @Benchmark
    public void backwardToInput(Arithmetic work) {
        bench.kernels().linearBackward(dX, Tensor.NONE, Tensor.NONE, y, x, Tensor.NONE, weight, Activation.NONE, false);
        bench.finish();
        work.gflop += gflop;
    }

    @Benchmark
    public void backwardToWeight(Arithmetic work) {
        bench.kernels().linearBackward(Tensor.NONE, dWeight, dBias, y, x, Tensor.NONE, weight, Activation.NONE, false);
        bench.finish();
        work.gflop += gflop;
    }
}
