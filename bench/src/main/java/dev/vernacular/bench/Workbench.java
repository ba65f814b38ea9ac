package dev.vernacular.bench;

import dev.vernacular.kernels.Backend;
import dev.vernacular.kernels.Backends;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Kernels;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.Weight;
import dev.vernacular.kernels.benchmark.BenchmarkTensors;
import dev.vernacular.kernels.memory.Device;
import java.util.Optional;
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

    private Backend opened;
    private BenchmarkTensors tensors;

    @Setup(Level.Trial)
    public void open() {
        opened = Backends.open(backend, threads, Optional.empty());
        tensors = new BenchmarkTensors(opened);
    }

    @TearDown(Level.Trial)
    public void close() {
        opened.close();
    }

    Kernels kernels() {
        return opened.kernels();
    }

    /// See [BenchmarkTensors#bind], as the next ones.
    void bind(Kernels.Sizes sizes) {
        tensors.bind(sizes);
    }

    Tensor zeros(Dtype dtype, long... shape) {
        return tensors.zeros(dtype, shape);
    }

    Tensor normal(float std, Dtype dtype, long... shape) {
        return tensors.normal(std, dtype, shape);
    }

    /// Whole numbers `0 .. bound - 1`.
    Tensor numbers(int bound, int count) {
        return tensors.integers(tensors.numbers(bound, count));
    }

    Tensor filled(float value, long... shape) {
        return tensors.filled(value, shape);
    }

    Weight weight(long rows, long cols, Dtype dtype) {
        return tensors.weight(rows, cols, dtype);
    }

    void finish() {
        opened.device().synchronize();
    }

    Device device() {
        return opened.device();
    }
}
