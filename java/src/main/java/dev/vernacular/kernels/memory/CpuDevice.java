package dev.vernacular.kernels.memory;

import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.KernelException;
import dev.vernacular.kernels.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Host memory. Big blocks are 2 MiB aligned and ask for huge pages: with 4 KiB pages a 150 MB matrix read by
/// columns misses the TLB at every row. Their pages exist from the first touch on, near the thread that touches
/// them.
public final class CpuDevice implements Device {
    private static final long SMALL_ALIGNMENT = 256;
    private final Arena arena = Arena.ofShared();
    private long liveBytes;

    @Override
    public String describe() {
        return "cpu";
    }

    @Override
    public int ordinal() {
        return 0;
    }

    @Override
    public MemorySegment stream() {
        return MemorySegment.NULL;
    }

    @Override
    public void enter() {
        // Every thread may call kernels on host memory.
    }

    @Override
    public boolean isHostMemory() {
        return true;
    }

    @Override
    public Tensor allocate(Dtype dtype, long... shape) {
        long bytes = dtype.bytes();
        for (long axis : shape) {
            bytes = Math.multiplyExact(bytes, axis);
        }
        return new Tensor(block(bytes), dtype, shape);
    }

    @Override
    public MemorySegment hostMemory(long bytes) {
        return block(bytes);
    }

    @Override
    public MemorySegment sharedMemory(long bytes, Arena owner) {
        return owner.allocate(bytes, SMALL_ALIGNMENT);
    }

    @Override
    public void upload(Tensor to, MemorySegment from) {
        copy(to.segment(), from);
    }

    @Override
    public void download(MemorySegment to, Tensor from) {
        copy(to, from.segment());
    }

    @Override
    public void synchronize() {
        // Kernels on host memory return when they are done.
    }

    @Override
    public Recording record(Runnable calls) {
        return calls::run;
    }

    @Override
    public double seconds(Runnable calls) {
        long start = System.nanoTime();
        calls.run();
        return (System.nanoTime() - start) / 1e9;
    }

    @Override
    public long liveBytes() {
        return liveBytes;
    }

    @Override
    public void close() {
        arena.close();
        liveBytes = 0;
    }

    private static void copy(MemorySegment to, MemorySegment from) {
        if (to.byteSize() != from.byteSize()) {
            throw new IllegalArgumentException(
                    "a copy of " + from.byteSize() + " bytes to a place of " + to.byteSize() + " bytes");
        }
        to.copyFrom(from);
    }

    private MemorySegment block(long bytes) {
        MemorySegment block;
        try {
            block = bytes >= HugePages.BYTES
                    ? HugePages.allocate(bytes, arena)
                    : arena.allocate(Math.max(1, bytes), SMALL_ALIGNMENT);
        } catch (OutOfMemoryError e) {
            throw new KernelException(
                    "out of memory: " + bytes / 1_000_000 + " MB more were wanted, " + liveBytes / 1_000_000
                            + " MB are in use\n  Choose a smaller micro batch or model.",
                    e);
        }
        liveBytes += bytes;
        return block.asSlice(0, bytes);
    }
}
