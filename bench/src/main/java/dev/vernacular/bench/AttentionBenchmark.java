package dev.vernacular.bench;

import dev.vernacular.kernels.AttentionShape;
import dev.vernacular.kernels.Dropout;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Kernels;
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

/// Causal attention. Bound: the peak of the type's arithmetic, of which PyTorch reaches 30 % in fp32 and 12 %
/// in bf16 at GPT-2's size. `gflop` counts the lower triangle only: 2 products forward, 5 backward.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class AttentionBenchmark {
    /// Sequences, tokens, heads, size of a head: GPT-2 with two lengths; the demo.
    @Param({"4x256x12x64", "1x1024x12x64", "4x128x4x32"})
    public String shape;

    @Param({"F32", "BF16"})
    public Dtype dtype;

    private Workbench bench;
    private double gflopOfProduct;
    private AttentionShape attention;
    private Dropout dropout;
    private Tensor qkv;
    private Tensor out;
    private Tensor logSumExp;
    private Tensor dQkv;
    private Tensor dOut;

    @Setup(Level.Trial)
    public void setUp(Workbench workbench) {
        bench = workbench;
        long[] sizes = Shape.of(shape, 4);
        long batch = sizes[0];
        long length = sizes[1];
        long heads = sizes[2];
        long headSize = sizes[3];
        long hidden = heads * headSize;
        bench.bind(new Kernels.Sizes(batch * length, length, hidden, heads, headSize, hidden, hidden, dtype, true));
        attention = AttentionShape.causal(batch, length, heads, headSize);
        dropout = Dropout.none(length);
        qkv = bench.normal(1, dtype, batch, length, 3 * heads, headSize);
        out = bench.zeros(dtype, batch, length, heads, headSize);
        logSumExp = bench.zeros(Dtype.F32, batch, heads, length);
        dQkv = bench.zeros(dtype, batch, length, 3 * heads, headSize);
        dOut = bench.normal(1, dtype, batch, length, heads, headSize);
        gflopOfProduct = 1e-9 * batch * heads * length * (length + 1) * headSize;
        forward(new Arithmetic());
    }

    @Benchmark
    public void forward(Arithmetic work) {
        bench.kernels().attentionForward(out, logSumExp, qkv, attention, dropout);
        bench.finish();
        work.gflop += 2 * gflopOfProduct;
    }

    @Benchmark
    public void backward(Arithmetic work) {
        bench.kernels().attentionBackward(dQkv, dOut, out, logSumExp, qkv, attention, dropout);
        bench.finish();
        work.gflop += 5 * gflopOfProduct;
    }
}
