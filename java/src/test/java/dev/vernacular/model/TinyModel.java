package dev.vernacular.model;

import dev.vernacular.kernels.Activation;
import dev.vernacular.kernels.Kernels;
import dev.vernacular.kernels.Norm;
import dev.vernacular.kernels.memory.CpuDevice;
import dev.vernacular.kernels.memory.Device;
import dev.vernacular.kernels.reference.ReferenceKernels;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;

/// Models small and odd enough that every stride is different, on the reference backend.
public final class TinyModel {
    static final int BATCH = 3;
    static final int LENGTH = 5;
    static final int VOCABULARY = 13;

    private TinyModel() {}

    public static GptConfig config() {
        return new GptConfig(
                2,
                10,
                14,
                3,
                4,
                7,
                VOCABULARY,
                Activation.GELU_TANH,
                Norm.LAYERNORM,
                1e-5f,
                0,
                10000,
                1,
                true,
                true,
                true,
                0f,
                0f,
                0.3,
                true);
    }

    /// Untied, exact GELU, layernorm1p.
    static GptConfig untied() {
        return new GptConfig(
                2,
                10,
                14,
                3,
                4,
                7,
                VOCABULARY,
                Activation.GELU_ERF,
                Norm.LAYERNORM1P,
                1e-5f,
                0,
                10000,
                1,
                false,
                true,
                true,
                0f,
                0f,
                0.3,
                true);
    }

    /// Rotary positions on half of a head, no biases, unscaled scores.
    static GptConfig rotary() {
        return new GptConfig(
                2,
                10,
                14,
                3,
                4,
                7,
                VOCABULARY,
                Activation.GELU_TANH,
                Norm.LAYERNORM,
                1e-5f,
                2,
                100,
                2,
                true,
                false,
                false,
                0f,
                0f,
                0.3,
                false);
    }

    static GptConfig withDropout() {
        return new GptConfig(
                2,
                10,
                14,
                3,
                4,
                7,
                VOCABULARY,
                Activation.GELU_TANH,
                Norm.LAYERNORM,
                1e-5f,
                0,
                10000,
                1,
                true,
                true,
                true,
                0.2f,
                0.3f,
                0.3,
                true);
    }

    /// Memory for training with random parameters, norms and biases included.
    static ModelMemory training(GptConfig config, Precision precision, int batch) {
        return training(config, precision, batch, new ReferenceKernels(), new CpuDevice());
    }

    static ModelMemory training(GptConfig config, Precision precision, int batch, Kernels kernels, Device device) {
        ModelMemory memory =
                ModelPlan.training(config, precision, batch, LENGTH, kernels).allocate(device, kernels);
        memory.load(TinyModel::random);
        memory.step().upload(99, 0, 0f, 1f, 0);
        return memory;
    }

    static ModelMemory evaluation(GptConfig config, int batch, int length) {
        ReferenceKernels kernels = new ReferenceKernels();
        ModelMemory memory = ModelPlan.evaluation(config, Precision.FP32, batch, length, kernels)
                .allocate(new CpuDevice(), kernels);
        memory.load(TinyModel::random);
        return memory;
    }

    public static void random(MemorySegment flat) {
        Random random = new Random(5);
        for (long i = 0; i < flat.byteSize() / Float.BYTES; i++) {
            flat.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) (0.4 * random.nextGaussian()));
        }
    }

    /// Sequences `first ..` of an endless batch: ids, labels one of which is missing, every row weighed
    /// differently.
    static void load(BatchBuffers batch, int first) {
        int rows = batch.rows();
        int[] ids = new int[rows];
        int[] positions = new int[rows];
        int[] labels = new int[rows];
        double[] scale = new double[rows];
        for (int row = 0; row < rows; row++) {
            int sample = first + row / batch.sequenceLength();
            int t = row % batch.sequenceLength();
            positions[row] = t;
            ids[row] = (7 * sample + 3 * t * t) % VOCABULARY;
            labels[row] = (sample + t) % 4 == 3 ? -1 : (5 * sample + t) % VOCABULARY;
            scale[row] = 0.1 + 0.05 * (sample + 2 * t);
        }
        batch.load(ids, positions, labels, scale, new int[0]);
    }
}
