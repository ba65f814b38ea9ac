package dev.vernacular.kernels.benchmark;

import dev.vernacular.kernels.Backend;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Kernels;
import dev.vernacular.kernels.RowGroups;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.Weight;
import dev.vernacular.kernels.memory.StepBlock;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import java.util.function.IntSupplier;
import java.util.stream.IntStream;

/// Tensors on a backend for benchmarks of operations. What is drawn is the same in every run.
public final class BenchmarkTensors {
    private final Backend backend;
    private final Random random = new Random(1);

    public BenchmarkTensors(Backend backend) {
        this.backend = backend;
    }

    /// Binds a workspace for calls of these sizes, and a step block with a learning rate of 1e-4.
    public void bind(Kernels.Sizes sizes) {
        long bytes = Math.max(64, backend.kernels().scratchBytes(sizes));
        StepBlock step = StepBlock.allocate(backend.device());
        step.upload(1, 0, 1e-4f, 1f, 0);
        backend.kernels().bind(backend.device().allocate(Dtype.I8, bytes), step.device());
    }

    public Tensor zeros(Dtype dtype, long... shape) {
        return backend.device().allocate(dtype, shape);
    }

    /// Normally distributed around 0 with deviation `std`.
    public Tensor normal(float std, Dtype dtype, long... shape) {
        Tensor exact = zeros(Dtype.F32, shape);
        upload(exact, () -> Float.floatToRawIntBits(std * (float) random.nextGaussian()));
        if (dtype == Dtype.F32) {
            return exact;
        }
        Tensor rounded = zeros(dtype, shape);
        backend.kernels().cast(rounded, exact);
        return rounded;
    }

    public Tensor filled(float value, long... shape) {
        Tensor filled = zeros(Dtype.F32, shape);
        upload(filled, () -> Float.floatToRawIntBits(value));
        return filled;
    }

    /// Whole numbers `0 .. bound - 1`.
    public int[] numbers(int bound, int count) {
        return random.ints(count, 0, bound).toArray();
    }

    public Tensor integers(int... values) {
        Tensor tensor = zeros(Dtype.I32, values.length);
        int[] at = {0};
        upload(tensor, () -> values[at[0]++]);
        return tensor;
    }

    /// Rows grouped by id.
    public RowGroups groups(int... ids) {
        int[] order = IntStream.range(0, ids.length)
                .boxed()
                .sorted((a, b) -> Integer.compare(ids[a], ids[b]))
                .mapToInt(Integer::intValue)
                .toArray();
        int[] starts = new int[ids.length + 1];
        Arrays.fill(starts, ids.length);
        int groups = 0;
        for (int i = 0; i < ids.length; i++) {
            if (i == 0 || ids[order[i]] != ids[order[i - 1]]) {
                starts[groups++] = i;
            }
        }
        return new RowGroups(integers(order), integers(starts));
    }

    /// A matrix as training holds it: its master, and a compute copy where the backend wants one.
    public Weight weight(long rows, long cols, Dtype dtype) {
        Tensor master = normal(0.02f, Dtype.F32, rows, cols);
        long bytes = backend.kernels().computeCopyBytes(rows, cols, dtype, true);
        if (bytes == 0) {
            return Weight.ofMaster(master);
        }
        Weight weight = new Weight(master, zeros(Dtype.I8, bytes), dtype, rows, cols);
        backend.kernels().computeCopyRefresh(weight, master);
        return weight;
    }

    private void upload(Tensor to, IntSupplier word) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(to.bytes(), 64);
            for (long i = 0; i < to.elements(); i++) {
                host.setAtIndex(ValueLayout.JAVA_INT, i, word.getAsInt());
            }
            backend.device().upload(to, host);
        }
    }
}
