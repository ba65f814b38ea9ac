package dev.vernacular.train;

import dev.vernacular.kernels.Activation;
import dev.vernacular.kernels.AdamW;
import dev.vernacular.kernels.Backend;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Kernels;
import dev.vernacular.kernels.ParameterSegments;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.Weight;
import dev.vernacular.kernels.memory.Device;
import dev.vernacular.kernels.memory.Device.Recording;
import dev.vernacular.kernels.memory.StepBlock;
import dev.vernacular.model.BatchBuffers;
import dev.vernacular.model.GptConfig;
import dev.vernacular.model.ModelMemory;
import dev.vernacular.model.ModelPlan;
import dev.vernacular.model.ParameterInit;
import dev.vernacular.model.Precision;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;

/// Times whole training steps (forward, backward, gradient norm, clipping, AdamW) of a GPT of a given shape on
/// random weights and tokens: no files, no data loading.
public final class TrainingBenchmark {
    private static final float CLIP = 1f;
    private static final AdamW ADAMW = new AdamW(0.9f, 0.95f, 1e-8f);
    private final Shape shape;
    private final Backend backend;

    /// @param vocabularySize rows of the token table; tokens are drawn from all of them
    /// @param batch          sequences of one step, which is one micro-batch
    public record Shape(
            int layers,
            int hiddenSize,
            int heads,
            int vocabularySize,
            int sequenceLength,
            int batch,
            Precision precision) {
        /// Floating-point operations of a token, forward and backward: six for each weight of a product and
        /// twelve L C T for attention, not halved for causality (Chowdhery et al. 2022, appendix B).
        double flopsPerToken() {
            double weights = 12.0 * layers * hiddenSize * hiddenSize + (double) vocabularySize * hiddenSize;
            return 6 * weights + 12.0 * layers * hiddenSize * sequenceLength;
        }

        GptConfig config() {
            return GptConfig.gpt2(layers, hiddenSize, heads, sequenceLength, vocabularySize);
        }
    }

    /// @param secondsPerStep of the timed steps
    /// @param productFlops   floating-point operations a second of one large matrix product, measured in the
    ///                       same run
    public record Result(
            long parameters,
            long plannedBytes,
            double[] secondsPerStep,
            double lossFirst,
            double lossLast,
            double productFlops,
            Shape shape) {
        public double medianSeconds() {
            double[] sorted = secondsPerStep.clone();
            Arrays.sort(sorted);
            return sorted[sorted.length / 2];
        }

        public double minSeconds() {
            return Arrays.stream(secondsPerStep).min().orElseThrow();
        }

        public double tokensPerSecond() {
            return (double) shape.batch() * shape.sequenceLength() / medianSeconds();
        }

        /// Operations of the model a second over those that a large product alone reaches on this backend.
        public double mfu() {
            return tokensPerSecond() * shape.flopsPerToken() / productFlops;
        }
    }

    public TrainingBenchmark(Shape shape, Backend backend) {
        if (shape.hiddenSize() % shape.heads() != 0) {
            throw new TrainException("--hidden " + shape.hiddenSize() + " is no multiple of --heads " + shape.heads());
        }
        this.shape = shape;
        this.backend = backend;
    }

    /// @param warmup steps before the clock starts
    public Result run(int warmup, int steps) {
        ModelPlan plan = ModelPlan.training(
                shape.config(), shape.precision(), shape.batch(), shape.sequenceLength(), backend.kernels());
        ModelMemory memory = plan.allocate(backend.device(), backend.kernels());
        memory.load(flat -> new ParameterInit(shape.config(), 1).fill(plan.layout(), flat));
        ParameterSegments segments =
                memory.segments(parameter -> new ModelMemory.Treatment(parameter.decays() ? 0.1f : 0f, 1f, false));
        Recording calls = backend.device().record(() -> {
            memory.model().forwardBackward(false);
            backend.kernels().gradientNorm(memory.gradients(), segments, CLIP);
            memory.update(segments, ADAMW);
        });
        Random random = new Random(1);
        double[] seconds = new double[steps];
        double first = Double.NaN;
        double last = Double.NaN;
        for (int step = 0; step < warmup + steps; step++) {
            long start = System.nanoTime();
            last = step(memory, calls, step, random);
            if (step >= warmup) {
                seconds[step - warmup] = (System.nanoTime() - start) / 1e9;
            }
            first = step == 0 ? last : first;
        }
        return new Result(plan.layout().parameterCount(), plan.bytes(), seconds, first, last, productFlops(), shape);
    }

    private double step(ModelMemory memory, Recording calls, int step, Random random) {
        BatchBuffers batch = memory.model().batch();
        int rows = batch.rows();
        int[] ids = random.ints(rows, 0, shape.vocabularySize()).toArray();
        int[] labels = random.ints(rows, 0, shape.vocabularySize()).toArray();
        int[] positions = new int[rows];
        Arrays.setAll(positions, row -> row % shape.sequenceLength());
        double[] scales = new double[rows];
        Arrays.fill(scales, 1.0 / rows);
        batch.load(ids, positions, labels, scales, new int[0]);
        memory.step().upload(1, (long) step * shape.batch(), 1e-4f, lossScale(), step);
        calls.replay();
        return meanLoss(memory.model().losses());
    }

    private float lossScale() {
        return shape.precision() == Precision.FP16 ? 4096f : 1f;
    }

    private double meanLoss(Tensor losses) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(losses.bytes(), 64);
            backend.device().download(host, losses);
            double sum = 0;
            for (long row = 0; row < losses.elements(); row++) {
                sum += host.getAtIndex(ValueLayout.JAVA_FLOAT, row);
            }
            return sum / losses.elements();
        }
    }

    /// The rate of one product `[rows, inner] x [inner, cols]`, best of several, in a workspace of its own: a small
    /// model's has no room for it. It is as large as the backend takes to be busy.
    private double productFlops() {
        return switch (backend.name()) {
            case "cuda" -> productFlops(8192, 4096, 8192);
            case "cuda-emulated" -> productFlops(64, 64, 64);
            default -> productFlops(1024, 768, 2304);
        };
    }

    private double productFlops(int rows, int inner, int cols) {
        Dtype dtype = shape.precision().activation();
        Kernels kernels = backend.kernels();
        Device device = backend.device();
        long scratch = kernels.scratchBytes(new Kernels.Sizes(rows, rows, inner, 1, inner, cols, cols, dtype, false));
        kernels.bind(
                device.allocate(Dtype.I8, Math.max(1, scratch)),
                StepBlock.allocate(device).device());
        Tensor x = device.allocate(dtype, rows, inner);
        Tensor y = device.allocate(dtype, rows, cols);
        Weight weight = weight(cols, inner, dtype);
        double best = Double.MAX_VALUE;
        for (int i = 0; i < 10; i++) {
            best = Math.min(
                    best,
                    device.seconds(
                            () -> kernels.linearForward(y, Tensor.NONE, x, weight, Tensor.NONE, Activation.NONE)));
        }
        return 2.0 * rows * inner * cols / best;
    }

    /// As a model in training has it.
    private Weight weight(long rows, long cols, Dtype dtype) {
        Tensor master = backend.device().allocate(Dtype.F32, rows, cols);
        long copyBytes = backend.kernels().computeCopyBytes(rows, cols, dtype, true);
        return copyBytes == 0
                ? Weight.ofMaster(master)
                : new Weight(master, backend.device().allocate(Dtype.I8, copyBytes), dtype, rows, cols);
    }
}
