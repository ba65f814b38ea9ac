package dev.vernacular.cuda;

import dev.vernacular.kernels.Backend;
import dev.vernacular.kernels.Kernels;
import dev.vernacular.kernels.ffm.NativeKernels;
import dev.vernacular.kernels.ffm.NativeLibrary;

/// Opens the backends whose device is CUDA's: a GPU, or the emulator. `VERNACULAR_GEMM=jcublas` has matrix products
/// done by JCublas.
public final class CudaBackends {
    private CudaBackends() {}

    /// The first GPU that the kernels can run on.
    ///
    /// @throws dev.vernacular.kernels.KernelException with exit status 2 and what is missing: driver, GPU,
    ///   kernels
    public static Backend cuda() {
        Driver.Gpu gpu = Driver.ofThisMachine().capableDevice();
        return open(NativeLibrary.cuda(), gpu);
    }

    /// The same kernels and the same use of JCuda, on the CPU.
    ///
    /// @throws dev.vernacular.kernels.KernelException with exit status 2
    public static Backend emulated() {
        Driver.Gpu gpu = Driver.emulated().capableDevice();
        return open(NativeLibrary.cudaEmulated(), gpu);
    }

    private static Backend open(NativeLibrary library, Driver.Gpu gpu) {
        CudaDevice device = new CudaDevice(gpu);
        try {
            Kernels kernels = NativeKernels.open(library, device);
            if ("jcublas".equals(System.getenv("VERNACULAR_GEMM"))) {
                kernels = new JcublasKernels(kernels, device);
            }
            return new Backend(library.name(), kernels, device, kernels.describe());
        } catch (RuntimeException | Error e) {
            device.close();
            throw e;
        }
    }
}
