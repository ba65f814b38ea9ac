package dev.vernacular.cuda;

import dev.vernacular.kernels.KernelException;
import dev.vernacular.kernels.ffm.NativeLibrary;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/// CUDA's driver, brought up: `libcuda.so.1`, JCuda's binding of it, `cuInit`, the devices it lists.
///
/// JCuda's native library is linked to `libcuda.so.1` by that name, and the dynamic linker gives it whatever the
/// process has already loaded under it. So the emulator's driver, loaded first, takes the place of the real one
/// and every call of JCuda goes there; and a process has one of the two, for good.
///
/// @param version as the driver counts: 13000 for CUDA 13.0
/// @param devices in the driver's order, which `CUDA_VISIBLE_DEVICES` can change
record Driver(int version, List<Gpu> devices) {
    /// Of the toolkit that the kernels are built with.
    private static final int NEEDED_VERSION = 13000;

    private static final String LIBRARY = "libcuda.so.1";

    /// A device of the driver's.
    ///
    /// @param capability 90 for compute capability 9.0
    record Gpu(int ordinal, String name, long bytes, int capability) {
        /// Ampere: 16-byte asynchronous copies and bfloat16 on tensor cores.
        static final int NEEDED_CAPABILITY = 80;

        boolean isCapable() {
            return capability >= NEEDED_CAPABILITY;
        }

        String capabilityName() {
            return capability / 10 + "." + capability % 10;
        }

        @Override
        public String toString() {
            return name + ", " + (bytes >> 20) + " MB, compute capability " + capabilityName();
        }
    }

    /// NVIDIA's.
    ///
    /// @throws KernelException if there is none, it is too old, or JCuda cannot be loaded
    static Driver ofThisMachine() {
        if (isEmulatedLoaded()) {
            throw KernelException.unavailable("this process already has the emulated driver in place of NVIDIA's"
                    + "\n  Use --backend cuda in a process of its own.");
        }
        if (!DynamicLinker.canLoad(LIBRARY)) {
            throw KernelException.unavailable("there is no NVIDIA driver: the system finds no " + LIBRARY
                    + "\n"
                    + "  Install driver 580 or newer (a container gets it by docker run --gpus all), or use"
                    + " --backend cpu.");
        }
        return open();
    }

    /// The emulator's.
    ///
    /// @throws KernelException if this build has none, or NVIDIA's is in the process already
    static Driver emulated() {
        if (!isEmulatedLoaded()) {
            if (DynamicLinker.isLoaded(LIBRARY)) {
                throw KernelException.unavailable("this process already has NVIDIA's driver, the emulated one cannot"
                        + " take its place\n  Use --backend cuda-emulated in a process of its own.");
            }
            NativeLibrary.loadEmulatedDriver();
        }
        return open();
    }

    private static boolean isEmulatedLoaded() {
        return DynamicLinker.isLoaded(LIBRARY) && DynamicLinker.has(LIBRARY, "vn_emulator_driver_calls");
    }

    private static Driver open() {
        JcudaLibraries.requireDriver();
        int[] number = new int[1];
        check(JCudaDriver.cuDriverGetVersion(number), "cuDriverGetVersion");
        requireVersion(number[0]);
        int version = number[0];
        int status = JCudaDriver.cuInit(0);
        if (status == CUresult.CUDA_ERROR_NO_DEVICE) {
            return new Driver(version, List.of());
        }
        check(status, "cuInit");
        check(JCudaDriver.cuDeviceGetCount(number), "cuDeviceGetCount");
        List<Gpu> devices = new ArrayList<>();
        for (int ordinal = 0; ordinal < number[0]; ordinal++) {
            devices.add(gpu(ordinal));
        }
        return new Driver(version, devices);
    }

    static void requireVersion(int version) {
        if (version < NEEDED_VERSION) {
            throw KernelException.unavailable("the NVIDIA driver is for CUDA " + versionName(version)
                    + " at most, the kernels need CUDA " + versionName(NEEDED_VERSION)
                    + "\n  Update it to version 580 or newer, or use --backend cpu.");
        }
    }

    private static Gpu gpu(int ordinal) {
        CUdevice device = new CUdevice();
        byte[] name = new byte[256];
        long[] bytes = new long[1];
        check(JCudaDriver.cuDeviceGet(device, ordinal), "cuDeviceGet");
        check(JCudaDriver.cuDeviceGetName(name, name.length, device), "cuDeviceGetName");
        check(JCudaDriver.cuDeviceTotalMem(bytes, device), "cuDeviceTotalMem");
        int major = attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
        int minor = attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
        String readable = MemorySegment.ofArray(name).getString(0);
        return new Gpu(ordinal, readable, bytes[0], 10 * major + minor);
    }

    private static int attribute(CUdevice device, int which) {
        int[] value = new int[1];
        check(JCudaDriver.cuDeviceGetAttribute(value, which, device), "cuDeviceGetAttribute");
        return value[0];
    }

    /// The first device that the kernels can run on.
    ///
    /// @throws KernelException if there is none, naming those that there are
    Gpu capableDevice() {
        if (devices.isEmpty()) {
            String visible = Optional.ofNullable(System.getenv("CUDA_VISIBLE_DEVICES"))
                    .map(value -> " (CUDA_VISIBLE_DEVICES is '" + value + "')")
                    .orElse("");
            throw KernelException.unavailable("the NVIDIA driver lists no GPU" + visible
                    + "\n  Look at `nvidia-smi`; a container needs --gpus all. Or use --backend cpu.");
        }
        return devices.stream()
                .filter(Gpu::isCapable)
                .findFirst()
                .orElseThrow(() -> KernelException.unavailable("the GPU is too old: "
                        + devices.getFirst().name() + " has compute capability "
                        + devices.getFirst().capabilityName()
                        + ", the kernels need 8.0 (A100, RTX 30 or newer)\n  Use --backend cpu."));
    }

    String versionName() {
        return versionName(version);
    }

    private static String versionName(int version) {
        return version / 1000 + "." + version % 1000 / 10;
    }

    /// For calls that fail only if something is wrong with the installation.
    private static void check(int status, String call) {
        if (status != CUresult.CUDA_SUCCESS) {
            throw KernelException.unavailable("the NVIDIA driver does not work: " + call + " gives "
                    + CUresult.stringFor(status)
                    + "\n"
                    + "  Look at `nvidia-smi`; after an update of the driver restart the machine. Or use"
                    + " --backend cpu.");
        }
    }
}
