package dev.vernacular.cuda;

import java.lang.foreign.MemorySegment;
import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUevent;
import jcuda.driver.CUstream;

/// Between JCuda's pointer objects and addresses: their constructors and accessors are for subclasses.
///
/// What `withByteOffset` adds is seen by JCuda's calls but is no part of `getNativePointer()`.
final class Pointers {
    private Pointers() {}

    /// Device memory as JCuda's calls take it.
    static CUdeviceptr device(MemorySegment memory) {
        return new CUdeviceptr().withByteOffset(memory.address());
    }

    /// Host memory as JCuda's calls take it.
    static Pointer host(MemorySegment memory) {
        return new Address(memory.address());
    }

    /// What a JCuda call wrote into `pointer`, as `bytes` bytes of memory.
    static MemorySegment memory(Pointer pointer, long bytes) {
        // The size of what the driver handed out is known only here.
        return MemorySegment.ofAddress(new Address(pointer).value()).reinterpret(bytes);
    }

    private static final class Address extends Pointer {
        Address(long address) {
            super(address);
        }

        Address(Pointer pointer) {
            super(pointer);
        }

        long value() {
            return getNativePointer();
        }
    }

    /// A stream whose handle other libraries can be given; JCuda's create call fills it in.
    static final class Stream extends CUstream {
        MemorySegment handle() {
            return MemorySegment.ofAddress(getNativePointer());
        }
    }

    /// An event, and whether it was ever recorded.
    static final class Event extends CUevent {
        boolean isRecorded;
    }
}
