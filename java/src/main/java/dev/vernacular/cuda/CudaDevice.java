package dev.vernacular.cuda;

import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.KernelException;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.memory.Device;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUevent_flags;
import jcuda.driver.CUmemAttach_flags;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;

/// A GPU: its primary context, which the kernels' library shares, blocks of its memory, pinned host memory, the
/// stream on which kernels run.
///
/// A tensor's segment has the GPU's address: Java must not read or write it.
public final class CudaDevice implements Device {
    private static final long STAGING_BYTES = 8 << 20;
    private static final int HOST_PORTABLE = 1;
    private final Driver.Gpu gpu;
    private final CUdevice device = new CUdevice();
    private final CUcontext context = new CUcontext();
    private final Arena arena = Arena.ofShared();
    private final Pointers.Stream stream = new Pointers.Stream();
    private final List<CUdeviceptr> blocks = new ArrayList<>();
    private final List<Pointer> pinned = new ArrayList<>();
    private final List<Pointers.Event> events = new ArrayList<>();
    private final List<CudaRecording> recordings = new ArrayList<>();
    private final StagingRing staging;
    private long liveBytes;
    private boolean isClosed;

    /// @throws KernelException if the device cannot be used
    CudaDevice(Driver.Gpu gpu) {
        this.gpu = gpu;
        check(JCudaDriver.cuDeviceGet(device, gpu.ordinal()), "cuDeviceGet");
        check(JCudaDriver.cuDevicePrimaryCtxRetain(context, device), "cuDevicePrimaryCtxRetain");
        enter();
        check(JCudaDriver.cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING), "cuStreamCreate");
        staging = new StagingRing(this, stream, pin(STAGING_BYTES));
    }

    @Override
    public String describe() {
        return gpu.toString();
    }

    @Override
    public int ordinal() {
        return gpu.ordinal();
    }

    @Override
    public MemorySegment stream() {
        return stream.handle();
    }

    Pointers.Stream kernelStream() {
        return stream;
    }

    @Override
    public void enter() {
        check(JCudaDriver.cuCtxSetCurrent(context), "cuCtxSetCurrent");
    }

    @Override
    public boolean isHostMemory() {
        return false;
    }

    // ---- memory -----------------------------------------------------------------------------------------------------

    @Override
    public Tensor allocate(Dtype dtype, long... shape) {
        enter();
        long bytes = dtype.bytes();
        for (long axis : shape) {
            bytes = Math.multiplyExact(bytes, axis);
        }
        long blockBytes = Math.max(1, bytes);
        CUdeviceptr block = new CUdeviceptr();
        requireMemory(JCudaDriver.cuMemAlloc(block, blockBytes), blockBytes);
        blocks.add(block);
        liveBytes += bytes;
        MemorySegment memory = owned(block, blockBytes);
        check(JCudaDriver.cuMemsetD8Async(Pointers.device(memory), (byte) 0, blockBytes, stream), "clearing memory");
        return new Tensor(memory.asSlice(0, bytes), dtype, shape);
    }

    @Override
    public MemorySegment hostMemory(long bytes) {
        enter();
        MemorySegment memory = pin(Math.max(1, bytes)).asSlice(0, bytes);
        memory.fill((byte) 0);
        liveBytes += bytes;
        return memory;
    }

    private MemorySegment pin(long bytes) {
        Pointer block = new Pointer();
        int status = JCudaDriver.cuMemHostAlloc(block, bytes, HOST_PORTABLE);
        if (status == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
            throw KernelException.unavailable(
                    "out of memory: " + (bytes >> 20) + " MB of pinned host memory were wanted"
                            + "\n  Raise the limit of locked memory (ulimit -l) or the container's memory limit.");
        }
        check(status, "pinning memory");
        pinned.add(block);
        return owned(block, bytes);
    }

    /// Managed memory moves between host and GPU by pages; a kernel's writes are seen by the host once the stream
    /// is idle.
    @Override
    public MemorySegment sharedMemory(long bytes, Arena owner) {
        enter();
        CUdeviceptr block = new CUdeviceptr();
        long blockBytes = Math.max(1, bytes);
        requireMemory(
                JCudaDriver.cuMemAllocManaged(block, blockBytes, CUmemAttach_flags.CU_MEM_ATTACH_GLOBAL), blockBytes);
        return Pointers.memory(block, blockBytes)
                .reinterpret(blockBytes, owner, ignored -> {
                    enter();
                    check(JCudaDriver.cuMemFree(block), "freeing memory");
                })
                .asSlice(0, bytes);
    }

    /// Not to be used once the device is closed.
    private MemorySegment owned(Pointer block, long bytes) {
        return Pointers.memory(block, bytes).reinterpret(arena, ignored -> {});
    }

    private void requireMemory(int status, long bytes) {
        if (status == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
            long[] free = new long[1];
            long[] total = new long[1];
            check(JCudaDriver.cuMemGetInfo(free, total), "cuMemGetInfo");
            throw KernelException.unavailable("out of GPU memory: " + megabytes(bytes) + " more were wanted, "
                    + megabytes(liveBytes) + " are in use by this run, " + megabytes(free[0]) + " of "
                    + megabytes(total[0]) + " are free on " + gpu.name()
                    + "\n  Choose a smaller micro batch or model; `nvidia-smi` shows what else uses the GPU.");
        }
        check(status, "allocating memory");
    }

    private static String megabytes(long bytes) {
        return bytes / 1_000_000 + " MB";
    }

    // ---- copies and waiting -----------------------------------------------------------------------------------------

    @Override
    public void upload(Tensor to, MemorySegment from) {
        requireSameSize(to.bytes(), from.byteSize());
        enter();
        staging.upload(to.segment(), from);
    }

    @Override
    public void download(MemorySegment to, Tensor from) {
        requireSameSize(to.byteSize(), from.bytes());
        enter();
        if (to.byteSize() > 0) {
            check(
                    JCudaDriver.cuMemcpyDtoHAsync(
                            Pointers.host(to), Pointers.device(from.segment()), to.byteSize(), stream),
                    "a download");
        }
        synchronize();
    }

    private static void requireSameSize(long to, long from) {
        if (to != from) {
            throw new IllegalArgumentException("a copy of " + from + " bytes to a place of " + to + " bytes");
        }
    }

    @Override
    public void synchronize() {
        enter();
        check(JCudaDriver.cuStreamSynchronize(stream), "kernels");
    }

    @Override
    public Recording record(Runnable calls) {
        CudaRecording recording = new CudaRecording(this, calls);
        recordings.add(recording);
        return recording;
    }

    @Override
    public double seconds(Runnable calls) {
        enter();
        Pointers.Event start = event();
        Pointers.Event end = event();
        check(JCudaDriver.cuEventRecord(start, stream), "timing");
        calls.run();
        check(JCudaDriver.cuEventRecord(end, stream), "timing");
        check(JCudaDriver.cuEventSynchronize(end), "kernels");
        float[] milliseconds = new float[1];
        check(JCudaDriver.cuEventElapsedTime(milliseconds, start, end), "timing");
        return milliseconds[0] / 1e3;
    }

    /// An event that lasts as long as the device.
    Pointers.Event event() {
        Pointers.Event event = new Pointers.Event();
        check(JCudaDriver.cuEventCreate(event, CUevent_flags.CU_EVENT_DEFAULT), "cuEventCreate");
        events.add(event);
        return event;
    }

    /// Calls are asynchronous: what failed may be any before this one.
    ///
    /// @param what was asked for, for a person
    void check(int status, String what) {
        if (status != CUresult.CUDA_SUCCESS) {
            throw new KernelException(
                    "the GPU failed, or was lost: " + CUresult.stringFor(status) + " at " + what + ", "
                            + gpu.name() + " (device " + gpu.ordinal() + ")"
                            + "\n  What was written to files before is whole; training goes on from its last checkpoint with the same"
                            + " command. If it fails again, look at `nvidia-smi` and `dmesg`.");
        }
    }

    @Override
    public long liveBytes() {
        return liveBytes;
    }

    /// After a failure too, when the driver refuses every call: what it says here is no news.
    @Override
    public void close() {
        if (isClosed) {
            return;
        }
        isClosed = true;
        JCudaDriver.cuCtxSetCurrent(context);
        JCudaDriver.cuStreamSynchronize(stream);
        recordings.forEach(CudaRecording::close);
        events.forEach(JCudaDriver::cuEventDestroy);
        blocks.forEach(JCudaDriver::cuMemFree);
        pinned.forEach(JCudaDriver::cuMemFreeHost);
        JCudaDriver.cuStreamDestroy(stream);
        arena.close();
        JCudaDriver.cuDevicePrimaryCtxRelease(device);
        liveBytes = 0;
    }
}
