package dev.vernacular.cuda;

import dev.vernacular.kernels.KernelException;
import dev.vernacular.kernels.ffm.NativeLibrary;
import java.util.Optional;
import jcuda.JCudaVersion;
import jcuda.LogLevel;
import jcuda.driver.JCudaDriver;
import jcuda.jcublas.JCublas2;

/// JCuda's classes whose first use loads a native library. Of a failure the JVM keeps no more than "could not
/// initialize class", so the first one is kept here.
final class JcudaLibraries {
    private JcudaLibraries() {}

    static String version() {
        return JCudaVersion.get();
    }

    /// @throws KernelException if the binding of the driver, which needs `libcuda.so.1`, cannot be loaded
    static void requireDriver() {
        DriverBinding.FAILURE.ifPresent(why -> {
            throw KernelException.unavailable(
                    "JCuda, through which the GPU is driven, cannot be loaded: " + why + "\n  Use --backend cpu.");
        });
    }

    /// Why JCublas cannot be used, if so. It needs `libcublas.so.12`: beside CUDA 13 alone there is none.
    static Optional<String> blasFailure() {
        return BlasBinding.FAILURE;
    }

    private static final class DriverBinding {
        static final Optional<String> FAILURE = failure("JCudaDriver", () -> {
            JCudaDriver.setLogLevel(LogLevel.LOG_QUIET);
            JCudaDriver.setExceptionsEnabled(false);
        });
    }

    private static final class BlasBinding {
        private static final String LIBRARY = "libcublas.so.12";
        static final Optional<String> FAILURE = DynamicLinker.canLoad(LIBRARY)
                ? failure("JCublas2", () -> {
                    JCublas2.setLogLevel(LogLevel.LOG_QUIET);
                    JCublas2.setExceptionsEnabled(false);
                })
                : Optional.of("the system finds no " + LIBRARY + " (of CUDA 12)");
    }

    /// JCuda unpacks its library into the folder for temporary files under a fixed name, without regard to other
    /// users or to processes that do so at the same time, and takes one that is there. So it is shown a folder
    /// that only this user can write, with the library in it.
    private static Optional<String> failure(String library, Runnable firstUse) {
        String temporary = System.getProperty("java.io.tmpdir");
        try {
            String resource = "/lib/lib" + library + "-" + version() + "-linux-x86_64.so";
            System.setProperty(
                    "java.io.tmpdir", NativeLibrary.unpackForeign(resource).toString());
            firstUse.run();
            return Optional.empty();
        } catch (LinkageError | KernelException e) {
            return Optional.of(
                    String.valueOf(e.getMessage()).lines().findFirst().orElse(e.toString()));
        } finally {
            System.setProperty("java.io.tmpdir", temporary);
        }
    }
}
