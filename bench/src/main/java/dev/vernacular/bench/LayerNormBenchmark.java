package dev.vernacular.bench;

import dev.vernacular.kernels.Dropout;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Kernels;
import dev.vernacular.kernels.Norm;
import dev.vernacular.kernels.Tensor;
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

/// Residual addition and layer normalisation in one pass. Bound: bandwidth, of memory for GPT-2's size and of
/// the cache for the demo's (`limits`: `triad_gbps_*`). `mbyte` counts each tensor once: two float32 ones
/// (the residual stream) and two of the type, [rows, C] each, either way.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class LayerNormBenchmark {
    /// Rows, hidden size: GPT-2; a batch too large for caches; the demo.
    @Param({"1024x768", "16384x768", "512x128"})
    public String shape;

    @Param({"F32", "BF16"})
    public Dtype dtype;

    private Workbench bench;
    private long elements;
    private Dropout dropout;
    private Tensor residual;
    private Tensor x;
    private Tensor sum;
    private Tensor out;
    private Tensor mean;
    private Tensor rstd;
    private Tensor weight;
    private Tensor bias;
    private Tensor dResidual;
    private Tensor dX;
    private Tensor dWeight;
    private Tensor dBias;

    @Setup(Level.Trial)
    public void setUp(Workbench workbench) {
        bench = workbench;
        long[] sizes = Shape.of(shape, 2);
        long rows = sizes[0];
        long width = sizes[1];
        elements = rows * width;
        bench.bind(new Kernels.Sizes(rows, rows, width, 1, width, width, width, dtype, true));
        dropout = Dropout.none(rows);
        residual = bench.normal(1, Dtype.F32, rows, width);
        x = bench.normal(1, dtype, rows, width);
        sum = bench.zeros(Dtype.F32, rows, width);
        out = bench.zeros(dtype, rows, width);
        mean = bench.zeros(Dtype.F32, rows);
        rstd = bench.zeros(Dtype.F32, rows);
        weight = bench.filled(1, width);
        bias = bench.zeros(Dtype.F32, width);
        dResidual = bench.zeros(Dtype.F32, rows, width);
        dX = bench.zeros(dtype, rows, width);
        dWeight = bench.zeros(Dtype.F32, width);
        dBias = bench.zeros(Dtype.F32, width);
        forward(new Traffic());
    }

    @Benchmark
    public void forward(Traffic work) {
        bench.kernels()
                .residualLayerNormForward(
                        sum, out, mean, rstd, residual, x, weight, bias, 1e-5f, Norm.LAYERNORM, dropout);
        bench.finish();
        work.mbyte += 1e-6 * elements * (2 * Dtype.F32.bytes() + 2 * dtype.bytes());
    }

    @Benchmark
    public void backward(Traffic work) {
        bench.kernels()
                .residualLayerNormBackward(
                        dResidual,
                        dX,
                        dWeight,
                        dBias,
                        out,
                        sum,
                        mean,
                        rstd,
                        weight,
                        Norm.LAYERNORM,
                        dropout,
                        false,
                        false);
        bench.finish();
        work.mbyte += 1e-6 * elements * (2 * Dtype.F32.bytes() + 2 * dtype.bytes());
    }
}
