package dev.vernacular.kernels;

import dev.vernacular.cuda.CudaBackends;
import dev.vernacular.kernels.ffm.NativeKernels;
import dev.vernacular.kernels.ffm.NativeLibrary;
import dev.vernacular.kernels.memory.CpuDevice;
import dev.vernacular.kernels.reference.ReferenceKernels;
import java.util.Optional;
import java.util.function.Supplier;

/// Opens a backend by its name on the command line.
public final class Backends {
    private Backends() {}

    /// `auto` takes the first of cuda, cpu, reference that can be had; a backend named explicitly is that one
    /// or an error.
    ///
    /// @param name    auto, cuda, cpu, cuda-emulated or reference
    /// @param threads of the cpu backend; 0: all that this process may use
    /// @param isa     instruction set of the cpu backend; empty: the best of this machine
    /// @throws KernelException with exit status 2 if the backend cannot be had, with the reason and what to do
    public static Backend open(String name, int threads, Optional<String> isa) {
        if (threads < 0) {
            throw KernelException.unavailable("--threads is " + threads + ", it must be 0 (all) or more");
        }
        return switch (name) {
            case "auto" -> automatic(threads, isa);
            case "cpu" -> cpu(threads, isa, "");
            case "reference" -> reference("");
            case "cuda" -> named(name, CudaBackends::cuda);
            case "cuda-emulated" -> named(name, CudaBackends::emulated);
            default ->
                throw KernelException.unavailable("--backend (or VERNACULAR_BACKEND) is '" + name
                        + "'\n  Choose one of auto, cuda, cpu, cuda-emulated, reference. Of several GPUs"
                        + " CUDA_VISIBLE_DEVICES chooses one.");
        };
    }

    private static Backend named(String name, Supplier<Backend> opener) {
        try {
            return opener.get();
        } catch (KernelException e) {
            throw e.exitStatus() == 2
                    ? KernelException.unavailable("--backend " + name + " cannot be had: " + e.getMessage())
                    : e;
        }
    }

    private static Backend automatic(int threads, Optional<String> isa) {
        String noGpu;
        try {
            if (isa.isEmpty()) {
                return CudaBackends.cuda();
            }
            noGpu = "--isa asks for the CPU";
        } catch (KernelException e) {
            noGpu = "no GPU: " + reason(e);
        }
        try {
            return cpu(threads, isa, " (" + noGpu + ")");
        } catch (KernelException e) {
            if (isa.isPresent() || e.exitStatus() != 2) {
                throw e;
            }
            return reference(" (" + noGpu + "; no native kernels: " + reason(e) + "; expect it to be slow)");
        }
    }

    private static String reason(KernelException e) {
        return e.getMessage().lines().findFirst().orElse("");
    }

    private static Backend cpu(int threads, Optional<String> isa, String why) {
        NativeKernels kernels = open(threads, isa);
        return new Backend("cpu", kernels, new CpuDevice(), kernels.describe() + why);
    }

    private static NativeKernels open(int threads, Optional<String> isa) {
        try {
            return NativeKernels.open(NativeLibrary.cpu(), threads, isa);
        } catch (KernelException e) {
            // The library speaks of its own argument.
            String refusal = "context_open: isa is ";
            if (e.getMessage().startsWith(refusal)) {
                throw KernelException.unavailable(
                        "--isa is " + e.getMessage().substring(refusal.length()).replace("\"", ""));
            }
            throw e;
        }
    }

    private static Backend reference(String why) {
        Kernels kernels = new ReferenceKernels();
        return new Backend("reference", kernels, new CpuDevice(), kernels.describe() + why);
    }
}
