package dev.vernacular.kernels.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// Zeroed blocks by `mmap(2)`, aligned to huge pages and advised to use them. An arena's own allocation writes
/// its zeros at once, in small pages, before anything could be advised. Elsewhere than on Linux the arena
/// allocates.
final class HugePages {
    static final long BYTES = 2 << 20;
    private static final int READ_WRITE = 1 | 2;
    private static final int PRIVATE_ANONYMOUS = 0x2 | 0x20;
    private static final int MADV_HUGEPAGE = 14;
    private static final long FAILED = -1;
    private static final boolean LINUX = System.getProperty("os.name").equals("Linux");

    private HugePages() {}

    /// @throws OutOfMemoryError if the system has no such block
    static MemorySegment allocate(long bytes, Arena arena) {
        if (!LINUX) {
            return arena.allocate(bytes, BYTES);
        }
        long reserved = Math.addExact(bytes, BYTES);
        MemorySegment mapped = map(reserved);
        if (mapped.address() == FAILED) {
            throw new OutOfMemoryError("mmap of " + reserved + " bytes");
        }
        long padding = (BYTES - mapped.address() % BYTES) % BYTES;
        // The size and owner of what mmap returned are known only here.
        MemorySegment block =
                mapped.reinterpret(reserved, arena, HugePages::unmap).asSlice(padding, bytes);
        advise(block);
        return block;
    }

    private static MemorySegment map(long bytes) {
        try {
            return (MemorySegment)
                    LibC.MMAP.invokeExact(MemorySegment.NULL, bytes, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0L);
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }

    private static void unmap(MemorySegment block) {
        try {
            int ignored = (int) LibC.MUNMAP.invokeExact(block, block.byteSize());
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }

    /// Where it fails, pages stay small.
    private static void advise(MemorySegment block) {
        try {
            int ignored = (int) LibC.MADVISE.invokeExact(block, block.byteSize(), MADV_HUGEPAGE);
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }

    /// The C library's functions, looked up at the first use.
    private static final class LibC {
        static final MethodHandle MMAP = bind(
                "mmap",
                FunctionDescriptor.of(
                        ValueLayout.ADDRESS,
                        ValueLayout.ADDRESS,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_INT,
                        ValueLayout.JAVA_LONG));
        static final MethodHandle MUNMAP =
                bind("munmap", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG));
        static final MethodHandle MADVISE = bind(
                "madvise",
                FunctionDescriptor.of(
                        ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));

        private static MethodHandle bind(String name, FunctionDescriptor signature) {
            Linker linker = Linker.nativeLinker();
            MemorySegment address = linker.defaultLookup().find(name).orElseThrow();
            return linker.downcallHandle(address, signature);
        }
    }
}
