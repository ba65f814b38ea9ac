package dev.vernacular.kernels.ffm;

import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.KernelException;
import dev.vernacular.kernels.Kernels;
import dev.vernacular.kernels.memory.Device;
import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/// An open `vn_context`, and the one place where statuses become exceptions.
final class NativeContext implements AutoCloseable {
    private static final int OK = 0;
    private static final int UNSUPPORTED = 2;
    private static final long MESSAGE_BYTES = 512;
    /// `vn_sizes`: rows, T, C, H, D, ffn, Vp; dtype, training.
    private static final MemoryLayout SIZES = MemoryLayout.structLayout(
            MemoryLayout.sequenceLayout(7, ValueLayout.JAVA_LONG),
            MemoryLayout.sequenceLayout(2, ValueLayout.JAVA_INT));

    private final KernelBindings vn;
    private final Device device;
    private MemorySegment handle;
    private Thread thread = Thread.currentThread();

    private NativeContext(KernelBindings vn, Device device, MemorySegment handle) {
        this.vn = vn;
        this.device = device;
        this.handle = handle;
    }

    /// A call of the library on this context, returning its status.
    @FunctionalInterface
    interface Call {
        int status(MemorySegment context) throws Throwable;
    }

    static NativeContext open(KernelBindings vn, Device device, int threads, Optional<String> isa) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
            MemorySegment message = arena.allocate(MESSAGE_BYTES);
            MemorySegment isaName = isa.map(arena::allocateFrom).orElse(MemorySegment.NULL);
            device.enter();
            int status = (int) vn.contextOpen.invokeExact(
                    out, device.ordinal(), device.stream(), threads, isaName, message, MESSAGE_BYTES);
            if (status != OK) {
                throw KernelException.unavailable(message.getString(0));
            }
            return new NativeContext(vn, device, out.get(ValueLayout.ADDRESS, 0));
        } catch (Throwable t) {
            throw failed(t);
        }
    }

    long scratchBytes(Kernels.Sizes sizes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(ValueLayout.JAVA_LONG);
            MemorySegment struct = arena.allocate(SIZES);
            struct.setAtIndex(ValueLayout.JAVA_LONG, 0, sizes.rows());
            struct.setAtIndex(ValueLayout.JAVA_LONG, 1, sizes.sequenceLength());
            struct.setAtIndex(ValueLayout.JAVA_LONG, 2, sizes.hiddenSize());
            struct.setAtIndex(ValueLayout.JAVA_LONG, 3, sizes.heads());
            struct.setAtIndex(ValueLayout.JAVA_LONG, 4, sizes.headSize());
            struct.setAtIndex(ValueLayout.JAVA_LONG, 5, sizes.ffnHiddenSize());
            struct.setAtIndex(ValueLayout.JAVA_LONG, 6, sizes.paddedVocabularySize());
            struct.setAtIndex(ValueLayout.JAVA_INT, 14, sizes.dtype().code());
            struct.setAtIndex(ValueLayout.JAVA_INT, 15, sizes.training() ? 1 : 0);
            call(context -> (int) vn.scratchBytes.invokeExact(context, bytes, struct));
            return bytes.get(ValueLayout.JAVA_LONG, 0);
        }
    }

    long computeCopyBytes(long rows, long cols, Dtype dtype, boolean training) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(ValueLayout.JAVA_LONG);
            call(context ->
                    (int) vn.computeCopyBytes.invokeExact(context, bytes, rows, cols, dtype.code(), training ? 1 : 0));
            return bytes.get(ValueLayout.JAVA_LONG, 0);
        }
    }

    /// @throws KernelException with the library's sentence if it returns another status than `VN_OK`
    void call(Call call) {
        if (handle.address() == 0) {
            throw new KernelException("these kernels were closed");
        }
        if (Thread.currentThread() != thread) {
            device.enter();
            thread = Thread.currentThread();
        }
        try {
            int status = call.status(handle);
            if (status != OK) {
                String message = NativeLibrary.string((MemorySegment) vn.lastError.invokeExact(handle));
                throw status == UNSUPPORTED ? KernelException.unavailable(message) : new KernelException(message);
            }
        } catch (Throwable t) {
            throw failed(t);
        }
    }

    @Override
    public void close() {
        if (handle.address() != 0) {
            call(context -> (int) vn.contextClose.invokeExact(context));
            handle = MemorySegment.NULL;
        }
    }

    /// Ours as it is; anything else cannot be, since the native side throws nothing.
    private static RuntimeException failed(Throwable t) {
        if (t instanceof RuntimeException e) {
            return e;
        }
        throw new AssertionError(t);
    }
}
