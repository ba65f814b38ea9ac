package dev.vernacular.cuda;

import java.lang.foreign.MemorySegment;
import jcuda.driver.JCudaDriver;

/// Pinned memory through which uploads go, so that the caller's memory is free at once and the copy waits in the
/// stream, not in the caller. Two halves: while one is filled, the other's copies are done by the GPU; the
/// caller waits only if it goes round faster than those.
final class StagingRing {
    private static final int HALVES = 2;
    private final CudaDevice device;
    private final Pointers.Stream stream;
    private final MemorySegment memory;
    private final long halfBytes;
    private final Pointers.Event[] done = new Pointers.Event[HALVES];
    private int half;
    private long used;

    /// @param memory pinned
    StagingRing(CudaDevice device, Pointers.Stream stream, MemorySegment memory) {
        this.device = device;
        this.stream = stream;
        this.memory = memory;
        halfBytes = memory.byteSize() / HALVES;
        for (int i = 0; i < HALVES; i++) {
            done[i] = device.event();
        }
    }

    void upload(MemorySegment to, MemorySegment from) {
        for (long at = 0; at < from.byteSize(); ) {
            if (used == halfBytes) {
                turn();
            }
            long count = Math.min(from.byteSize() - at, halfBytes - used);
            MemorySegment place = memory.asSlice(half * halfBytes + used, count);
            place.copyFrom(from.asSlice(at, count));
            device.check(
                    JCudaDriver.cuMemcpyHtoDAsync(
                            Pointers.device(to.asSlice(at, count)), Pointers.host(place), count, stream),
                    "an upload");
            used += count;
            at += count;
        }
    }

    private void turn() {
        device.check(JCudaDriver.cuEventRecord(done[half], stream), "an upload");
        done[half].isRecorded = true;
        half = (half + 1) % HALVES;
        if (done[half].isRecorded) {
            device.check(JCudaDriver.cuEventSynchronize(done[half]), "an upload");
        }
        used = 0;
    }
}
