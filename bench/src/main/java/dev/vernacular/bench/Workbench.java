package dev.vernacular.bench;

import dev.vernacular.kernels.Backend;
import dev.vernacular.kernels.Backends;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Kernels;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.Weight;
import dev.vernacular.kernels.memory.Device;
import dev.vernacular.kernels.memory.StepBlock;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.Random;
import java.util.function.IntSupplier;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/// A backend and tensors on it, for benchmarks of operations. What is drawn is the same in every run.
@State(Scope.Benchmark)
public class Workbench {
    @Param("auto")
    public String backend;

    /// 0: all that this process may use.
    @Param("0")
    public int threads;

    private final Random random = new Random(1);
    private Backend opened;

    @Setup(Level.Trial)
    public void open() {
        opened = Backends.open(backend, threads, Optional.empty());
    }

    @TearDown(Level.Trial)
    public void close() {
        opened.close();
    }

    Kernels kernels() {
        return opened.kernels();
    }

    /// Binds a workspace for calls of these sizes, and a step block with a learning rate of 1e-4.
    void bind(Kernels.Sizes sizes) {
        long bytes = Math.max(64, kernels().scratchBytes(sizes));
        StepBlock step = StepBlock.allocate(opened.device());
        step.upload(1, 0, 1e-4f, 1f, 0);
        kernels().bind(opened.device().allocate(Dtype.I8, bytes), step.device());
    }

    Tensor zeros(Dtype dtype, long... shape) {
        return opened.device().allocate(dtype, shape);
    }

    /// Normally distributed around 0 with deviation `std`.
    Tensor normal(float std, Dtype dtype, long... shape) {
        Tensor exact = zeros(Dtype.F32, shape);
        upload(exact, () -> Float.floatToRawIntBits(std * (float) random.nextGaussian()));
        if (dtype == Dtype.F32) {
            return exact;
        }
        Tensor rounded = zeros(dtype, shape);
        kernels().cast(rounded, exact);
        return rounded;
    }

    /// Whole numbers `0 .. bound - 1`.
    Tensor numbers(int bound, long... shape) {
        Tensor numbers = zeros(Dtype.I32, shape);
        upload(numbers, () -> random.nextInt(bound));
        return numbers;
    }

    Tensor filled(float value, long... shape) {
        Tensor filled = zeros(Dtype.F32, shape);
        upload(filled, () -> Float.floatToRawIntBits(value));
        return filled;
    }

    /// A matrix as training holds it: its master, and a compute copy where the backend wants one.
    Weight weight(long rows, long cols, Dtype dtype) {
        Tensor master = normal(0.02f, Dtype.F32, rows, cols);
        long bytes = kernels().computeCopyBytes(rows, cols, dtype, true);
        if (bytes == 0) {
            return Weight.ofMaster(master);
        }
        Weight weight = new Weight(master, zeros(Dtype.I8, bytes), dtype, rows, cols);
        kernels().computeCopyRefresh(weight, master);
        return weight;
    }

    void finish() {
        opened.device().synchronize();
    }

    Device device() {
        return opened.device();
    }

    private void upload(Tensor to, IntSupplier word) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(to.bytes(), 64);
            for (long i = 0; i < to.elements(); i++) {
                host.setAtIndex(ValueLayout.JAVA_INT, i, word.getAsInt());
            }
            opened.device().upload(to, host);
        }
    }
}
