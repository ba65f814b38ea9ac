package dev.vernacular.kernels.benchmark;

import dev.vernacular.kernels.Activation;
import dev.vernacular.kernels.AdamW;
import dev.vernacular.kernels.AttentionShape;
import dev.vernacular.kernels.Backend;
import dev.vernacular.kernels.Dropout;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Kernels;
import dev.vernacular.kernels.Norm;
import dev.vernacular.kernels.ParameterSegments;
import dev.vernacular.kernels.RowGroups;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.Weight;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/// Times each kernel of a GPT's training step alone, at the sizes of one micro-batch.
public final class KernelBenchmark {
    /// Seconds that a kernel is repeated for; the time of one call is their mean.
    private static final double ENOUGH_SECONDS = 0.2;

    private static final int WARMUP = 3;
    private static final int REPEATS = 3;
    private final Shape shape;
    private final Backend backend;
    private final Kernels kernels;
    private final BenchmarkTensors make;
    private final long rows;
    private final List<Case> cases = new ArrayList<>();

    /// B, T, C, H, V and the activations' type. The feed-forward size is 4 C.
    public record Shape(int batch, int sequenceLength, int hiddenSize, int heads, int vocabularySize, Dtype dtype) {}

    /// One kernel.
    ///
    /// @param seconds of the fastest of several means
    /// @param bytes   that must move once, whatever the kernel does
    /// @param flops   floating-point operations of its products, 0 where memory is what counts
    public record Result(String kernel, double seconds, double bytes, double flops) {
        public double gigabytesPerSecond() {
            return bytes / seconds / 1e9;
        }

        public double teraflops() {
            return flops / seconds / 1e12;
        }
    }

    private record Case(String kernel, double bytes, double flops, Runnable call) {}

    public KernelBenchmark(Shape shape, Backend backend) {
        this.shape = shape;
        this.backend = backend;
        kernels = backend.kernels();
        make = new BenchmarkTensors(backend);
        rows = (long) shape.batch() * shape.sequenceLength();
    }

    /// Runs every kernel, in the order of a step.
    ///
    /// @param listener sees each result as it comes
    public List<Result> run(Consumer<Result> listener) {
        make.bind(new Kernels.Sizes(
                rows,
                shape.sequenceLength(),
                shape.hiddenSize(),
                shape.heads(),
                shape.hiddenSize() / shape.heads(),
                4L * shape.hiddenSize(),
                shape.vocabularySize(),
                shape.dtype(),
                true));
        copy();
        embedding();
        norms();
        attention();
        linear("qkv", 3, 1, false);
        linear("projection", 1, 1, false);
        linear("up", 4, 1, true);
        linear("down", 1, 4, false);
        biasActivation();
        classifier();
        optimizer();
        List<Result> results = new ArrayList<>();
        for (Case one : cases) {
            Result result = new Result(one.kernel, seconds(one.call), one.bytes, one.flops);
            listener.accept(result);
            results.add(result);
        }
        return results;
    }

    private double seconds(Runnable call) {
        double once = Double.MAX_VALUE;
        for (int i = 0; i < WARMUP; i++) {
            once = Math.min(once, seconds(call, 1));
        }
        int calls = (int) Math.clamp(ENOUGH_SECONDS / REPEATS / once, 1, 1000);
        double best = Double.MAX_VALUE;
        for (int i = 0; i < REPEATS; i++) {
            best = Math.min(best, seconds(call, calls));
        }
        return best;
    }

    private double seconds(Runnable call, int calls) {
        backend.device().synchronize();
        long start = System.nanoTime();
        for (int i = 0; i < calls; i++) {
            call.run();
        }
        backend.device().synchronize();
        return (System.nanoTime() - start) / 1e9 / calls;
    }

    private void add(String kernel, double bytes, double flops, Runnable call) {
        cases.add(new Case(kernel, bytes, flops, call));
    }

    /// What the memory can do: the other kernels' bandwidth is a share of this one's.
    private void copy() {
        long count = 1 << 26;
        Tensor from = make.zeros(Dtype.F32, count);
        Tensor to = make.zeros(Dtype.F32, count);
        add("copy", 2.0 * count * Float.BYTES, 0, () -> kernels.cast(to, from));
    }

    private void embedding() {
        int[] idValues = make.numbers(shape.vocabularySize(), Math.toIntExact(rows));
        int[] positionValues = new int[Math.toIntExact(rows)];
        Arrays.setAll(positionValues, row -> row % shape.sequenceLength());
        Tensor ids = make.integers(idValues);
        Tensor positions = make.integers(positionValues);
        RowGroups byId = make.groups(idValues);
        RowGroups byPosition = make.groups(positionValues);
        Weight tokens = make.weight(shape.vocabularySize(), shape.hiddenSize(), shape.dtype());
        Tensor table = make.normal(0.02f, Dtype.F32, shape.sequenceLength(), shape.hiddenSize());
        Tensor dTokens = make.zeros(Dtype.F32, shape.vocabularySize(), shape.hiddenSize());
        Tensor dTable = make.zeros(Dtype.F32, shape.sequenceLength(), shape.hiddenSize());
        Tensor stream = make.normal(1, Dtype.F32, rows, shape.hiddenSize());
        Dropout dropout = Dropout.none(shape.sequenceLength());
        double moved = (double) rows * shape.hiddenSize();
        add(
                "embedding_forward",
                moved * (Float.BYTES + shape.dtype().bytes()),
                0,
                () -> kernels.embeddingForward(stream, ids, positions, tokens, table, dropout));
        add(
                "embedding_backward",
                moved * 3 * Float.BYTES,
                0,
                () -> kernels.embeddingBackward(
                        dTokens, dTable, stream, ids, byId, positions, byPosition, dropout, true, false));
    }

    private void norms() {
        long c = shape.hiddenSize();
        Tensor residual = make.normal(1, Dtype.F32, rows, c);
        Tensor sum = make.zeros(Dtype.F32, rows, c);
        Tensor x = make.normal(1, shape.dtype(), rows, c);
        Tensor out = make.zeros(shape.dtype(), rows, c);
        Tensor mean = make.zeros(Dtype.F32, rows);
        Tensor rstd = make.filled(1, rows);
        Tensor weight = make.filled(1, c);
        Tensor bias = make.zeros(Dtype.F32, c);
        Tensor dWeight = make.zeros(Dtype.F32, c);
        Tensor dBias = make.zeros(Dtype.F32, c);
        Dropout dropout = Dropout.none(shape.sequenceLength());
        double elements = (double) rows * c;
        double activation = shape.dtype().bytes();
        add(
                "residual_layernorm_forward",
                elements * 2 * (Float.BYTES + activation),
                0,
                () -> kernels.residualLayerNormForward(
                        sum, out, mean, rstd, residual, x, weight, bias, 1e-5f, Norm.LAYERNORM, dropout));
        add(
                "residual_layernorm_backward",
                elements * (3 * Float.BYTES + 2 * activation),
                0,
                () -> kernels.residualLayerNormBackward(
                        residual,
                        out,
                        dWeight,
                        dBias,
                        x,
                        sum,
                        mean,
                        rstd,
                        weight,
                        Norm.LAYERNORM,
                        dropout,
                        true,
                        false));
    }

    /// Operations of the lower triangle: two products forward, five backward.
    private void attention() {
        long headSize = shape.hiddenSize() / shape.heads();
        long b = shape.batch();
        long t = shape.sequenceLength();
        Tensor qkv = make.normal(1, shape.dtype(), b, t, 3L * shape.heads(), headSize);
        Tensor dQkv = make.zeros(shape.dtype(), b, t, 3L * shape.heads(), headSize);
        Tensor out = make.zeros(shape.dtype(), b, t, shape.heads(), headSize);
        Tensor dOut = make.normal(1, shape.dtype(), b, t, shape.heads(), headSize);
        Tensor logSumExp = make.zeros(Dtype.F32, b, shape.heads(), t);
        AttentionShape attention = AttentionShape.causal(b, t, shape.heads(), headSize);
        Dropout dropout = Dropout.none(t);
        double product = (double) b * shape.heads() * t * (t + 1) * headSize;
        double row = (double) rows * shape.hiddenSize() * shape.dtype().bytes();
        add(
                "attention_forward",
                4 * row,
                2 * product,
                () -> kernels.attentionForward(out, logSumExp, qkv, attention, dropout));
        add(
                "attention_backward",
                8 * row,
                5 * product,
                () -> kernels.attentionBackward(dQkv, dOut, out, logSumExp, qkv, attention, dropout));
    }

    /// @param wide     outputs in hidden sizes; `deep`: inputs likewise
    /// @param activates with GELU after it, and back through it before
    private void linear(String name, long wide, long deep, boolean activates) {
        long n = wide * shape.hiddenSize();
        long k = deep * shape.hiddenSize();
        Dtype dtype = shape.dtype();
        Tensor x = make.normal(1, dtype, rows, k);
        Tensor y = make.normal(1, dtype, rows, n);
        Tensor pre = activates ? make.zeros(dtype, rows, n) : Tensor.NONE;
        Tensor xPre = deep > 1 ? make.normal(1, dtype, rows, k) : Tensor.NONE;
        Tensor dX = make.zeros(dtype, rows, k);
        Weight weight = make.weight(n, k, dtype);
        Tensor bias = make.zeros(Dtype.F32, n);
        Tensor dWeight = make.zeros(Dtype.F32, n, k);
        Tensor dBias = make.zeros(Dtype.F32, n);
        double product = 2.0 * rows * n * k;
        double bytes = (double) dtype.bytes() * ((double) rows * (n + k) + (double) n * k);
        Activation after = activates ? Activation.GELU_TANH : Activation.NONE;
        Activation before = xPre.isPresent() ? Activation.GELU_TANH : Activation.NONE;
        add("linear_forward " + name, bytes, product, () -> kernels.linearForward(y, pre, x, weight, bias, after));
        add(
                "linear_backward " + name,
                2 * bytes,
                2 * product,
                () -> kernels.linearBackward(dX, dWeight, dBias, y, x, xPre, weight, before, false));
    }

    private void biasActivation() {
        long n = 4L * shape.hiddenSize();
        Tensor x = make.normal(1, shape.dtype(), rows, n);
        Tensor y = make.zeros(shape.dtype(), rows, n);
        double bytes = (double) rows * n * shape.dtype().bytes();
        add(
                "bias_activation_forward",
                2 * bytes,
                0,
                () -> kernels.biasActivationForward(y, Tensor.NONE, x, Tensor.NONE, Activation.GELU_TANH));
        add(
                "bias_activation_backward",
                3 * bytes,
                0,
                () -> kernels.biasActivationBackward(y, Tensor.NONE, y, x, Activation.GELU_TANH, false));
    }

    private void classifier() {
        long c = shape.hiddenSize();
        long v = shape.vocabularySize();
        Tensor hidden = make.normal(1, shape.dtype(), rows, c);
        Tensor dHidden = make.zeros(shape.dtype(), rows, c);
        Weight head = make.weight(v, c, shape.dtype());
        Tensor dHead = make.zeros(Dtype.F32, v, c);
        Tensor losses = make.zeros(Dtype.F32, rows);
        Tensor labels = make.integers(make.numbers(shape.vocabularySize(), Math.toIntExact(rows)));
        Tensor rowScale = make.filled(1f / rows, rows);
        add(
                "classifier",
                (double) shape.dtype().bytes() * (2.0 * rows * c + 3.0 * v * c),
                6.0 * rows * v * c,
                () -> kernels.classifierForwardBackward(
                        losses, dHidden, dHead, hidden, labels, rowScale, head, v, false));
    }

    /// Over a buffer of the size of the token table and one block.
    private void optimizer() {
        long count = (shape.vocabularySize() + 12L * shape.hiddenSize()) * shape.hiddenSize();
        Tensor masters = make.normal(0.02f, Dtype.F32, count);
        Tensor gradients = make.normal(0.01f, Dtype.F32, count);
        Tensor m = make.zeros(Dtype.F32, count);
        Tensor v = make.zeros(Dtype.F32, count);
        long copyBytes = kernels.computeCopyBytes(1, count, shape.dtype(), true);
        Tensor copy = copyBytes == 0 ? Tensor.NONE : make.zeros(Dtype.I8, copyBytes);
        ParameterSegments segments = ParameterSegments.upload(
                backend.device(),
                List.of(new ParameterSegments.Segment(0, 1, count, copy, shape.dtype(), 0.1f, 1f, false)));
        double floats = (double) count * Float.BYTES;
        add("gradient_norm", floats, 0, () -> kernels.gradientNorm(gradients, segments, 1f));
        add(
                "adamw_update",
                7 * floats + copyBytes,
                0,
                () -> kernels.adamwUpdate(masters, m, v, gradients, segments, new AdamW(0.9f, 0.95f, 1e-8f)));
    }
}
