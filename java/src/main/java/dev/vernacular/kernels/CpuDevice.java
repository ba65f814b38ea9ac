package dev.vernacular.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// Host memory. Big blocks are 2 MiB aligned and ask for huge pages: with 4 KiB pages a 150 MB matrix read by columns
/// misses the TLB at every row.
public final class CpuDevice implements Device {
    private static final long HUGE_PAGE = 2 << 20;
    private static final int MADV_HUGEPAGE = 14;
    private final Arena arena = Arena.ofShared();
    private long liveBytes;

    @Override
    public String describe() {
        return "cpu";
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
    public void upload(Tensor to, MemorySegment from) {
        to.segment().copyFrom(from);
    }

    @Override
    public void download(MemorySegment to, Tensor from) {
        to.copyFrom(from.segment());
    }

    @Override
    public void synchronize() {
        // Kernels on host memory return when they are done.
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

    private MemorySegment block(long bytes) {
        MemorySegment block;
        try {
            block = arena.allocate(Math.max(1, bytes), bytes >= HUGE_PAGE ? HUGE_PAGE : 256);
        } catch (OutOfMemoryError e) {
            throw new KernelException(
                    "out of memory: " + bytes / 1_000_000 + " MB more were wanted, " + liveBytes / 1_000_000
                            + " MB are in use\n  Choose a smaller micro batch or model.",
                    e);
        }
        if (bytes >= HUGE_PAGE) {
            HugePages.advise(block);
        }
        liveBytes += bytes;
        return block.asSlice(0, bytes);
    }

    /// `madvise(2)`; elsewhere than on Linux, and where it fails, pages stay small.
    private static final class HugePages {
        private static final MethodHandle MADVISE = Linker.nativeLinker()
                .defaultLookup()
                .find("madvise")
                .map(address -> Linker.nativeLinker()
                        .downcallHandle(
                                address,
                                FunctionDescriptor.of(
                                        ValueLayout.JAVA_INT,
                                        ValueLayout.ADDRESS,
                                        ValueLayout.JAVA_LONG,
                                        ValueLayout.JAVA_INT)))
                .orElse(null);

        static void advise(MemorySegment block) {
            if (MADVISE == null) {
                return;
            }
            try {
                int ignored = (int) MADVISE.invokeExact(block, block.byteSize(), MADV_HUGEPAGE);
            } catch (Throwable t) {
                throw new AssertionError(t);
            }
        }
    }
}
