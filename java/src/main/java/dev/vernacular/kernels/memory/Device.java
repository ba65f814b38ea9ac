package dev.vernacular.kernels.memory;

import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Tensor;
import java.lang.foreign.MemorySegment;

/// The memory and the clock of a backend. Kernels allocate nothing: all they touch comes from here, in a few
/// big blocks. A device owns its blocks and gives them back when it is closed. One thread at a time.
public interface Device extends AutoCloseable {
    /// For a person: `cpu`, or the GPU's name and memory.
    String describe();

    /// A tensor of zeros in a block of its own, aligned to at least 256 bytes.
    ///
    /// @throws KernelException if there is not that much memory, with what is free
    Tensor allocate(Dtype dtype, long... shape);

    /// Memory that the host can read and write, fast to copy from and to (pinned on a GPU). It lasts as long as
    /// the device: ask once and use it again.
    MemorySegment hostMemory(long bytes);

    /// Copies `from`, of the tensor's size, into the tensor; ordered with the kernels' calls. `from` may be
    /// changed as soon as this returns.
    void upload(Tensor to, MemorySegment from);

    /// Copies the tensor into `to`, of the tensor's size, when all earlier calls are done.
    void download(MemorySegment to, Tensor from);

    /// Waits for all calls.
    void synchronize();

    /// Bytes of all live blocks.
    long liveBytes();

    @Override
    void close();
}
