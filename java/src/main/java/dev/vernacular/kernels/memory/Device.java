package dev.vernacular.kernels.memory;

import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// The memory and the clock of a backend. Kernels allocate nothing: all they touch comes from here, in a few
/// big blocks. A device owns its blocks and gives them back when it is closed. One thread at a time.
public interface Device extends AutoCloseable {
    /// For a person: `cpu`, or the GPU's name and memory.
    String describe();

    /// Number of the device among those that its driver lists; 0 on the CPU.
    int ordinal();

    /// The handle of the stream on which kernels run in the order of their calls; null on the CPU.
    MemorySegment stream();

    /// Makes the device that of the calling thread, as a call of its kernels needs it to be.
    void enter();

    /// Whether tensors lie in memory that Java may read and write in place.
    boolean isHostMemory();

    /// A tensor of zeros in a block of its own, aligned to at least 256 bytes.
    ///
    /// @throws KernelException if there is not that much memory, with what is free
    Tensor allocate(Dtype dtype, long... shape);

    /// Memory that the host can read and write, fast to copy from and to (pinned on a GPU). It lasts as long as
    /// the device: ask once and use it again.
    MemorySegment hostMemory(long bytes);

    /// Memory at an address that kernels and the host both see, aligned to 256 bytes; the host sees what kernels
    /// wrote after [#synchronize]. For tests and tools: on a GPU it is slow.
    ///
    /// @param arena gives it back
    MemorySegment sharedMemory(long bytes, Arena arena);

    /// Copies `from`, of the tensor's size, into the tensor; ordered with the kernels' calls. `from` may be
    /// changed as soon as this returns.
    void upload(Tensor to, MemorySegment from);

    /// Copies the tensor into `to`, of the tensor's size, when all earlier calls are done.
    void download(MemorySegment to, Tensor from);

    /// Waits for all calls.
    ///
    /// @throws KernelException if one of them failed, or the device was lost
    void synchronize();

    /// Remembers calls of kernels, to be made again and again with the same tensors and numbers: on a GPU one
    /// launch of a graph instead of one a call. Nothing runs yet. What changes between replays has to be in
    /// device memory; the calls may neither upload, download nor synchronize.
    Recording record(Runnable calls);

    /// Calls that are made as one.
    @FunctionalInterface
    interface Recording {
        void replay();
    }

    /// How long calls of kernels take on the device, in seconds; waits for them.
    double seconds(Runnable calls);

    /// Bytes of all live blocks.
    long liveBytes();

    @Override
    void close();
}
