package dev.vernacular.bench;

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

/// Head, softmax, loss and their gradients in one. Bound: three products at the peak of the type's arithmetic;
/// the passes over the logits should cost nothing, since these stay in cache. PyTorch spends 5 to 10 % of a
/// GPT-2 step on those passes alone.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class ClassifierBenchmark {
    /// Rows, hidden size, vocabulary: GPT-2; the demo after expansion.
    @Param({"1024x768x50304", "512x128x2816"})
    public String shape;

    @Param({"F32", "BF16"})
    public Dtype dtype;

    private Workbench bench;
    private double gflopOfProduct;
    private long columns;
    private Weight head;
    private Tensor hidden;
    private Tensor labels;
    private Tensor rowScale;
    private Tensor losses;
    private Tensor dHidden;
    private Tensor dHead;

    @Setup(Level.Trial)
    public void setUp(Workbench workbench) {
        bench = workbench;
        long[] sizes = Shape.of(shape, 3);
        long rows = sizes[0];
        long width = sizes[1];
        columns = sizes[2];
        bench.bind(new Kernels.Sizes(rows, rows, width, 1, width, width, columns, dtype, true));
        head = bench.weight(columns, width, dtype);
        hidden = bench.normal(1, dtype, rows, width);
        labels = bench.numbers((int) columns, (int) rows);
        rowScale = bench.filled(1f / rows, rows);
        losses = bench.zeros(Dtype.F32, rows);
        dHidden = bench.zeros(dtype, rows, width);
        dHead = bench.zeros(Dtype.F32, columns, width);
        gflopOfProduct = 2e-9 * rows * width * columns;
    }

    @Benchmark
    public void forward(Arithmetic work) {
        bench.kernels()
                .classifierForwardBackward(
                        losses, Tensor.NONE, Tensor.NONE, hidden, labels, Tensor.NONE, head, columns, false);
        bench.finish();
        work.gflop += gflopOfProduct;
    }

    @Benchmark
    public void forwardAndBackward(Arithmetic work) {
        bench.kernels()
                .classifierForwardBackward(losses, dHidden, dHead, hidden, labels, rowScale, head, columns, false);
        bench.finish();
        work.gflop += 3 * gflopOfProduct;
    }
}
