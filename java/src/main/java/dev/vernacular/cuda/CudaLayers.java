package dev.vernacular.cuda;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vernacular.kernels.KernelException;
import dev.vernacular.kernels.ffm.NativeLibrary;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What the cuda backend stands on, from the bottom up, as far as it is there: for the doctor.
public final class CudaLayers {
    private static final String NEEDS_DRIVER = "not tried: it needs the driver";

    private CudaLayers() {}

    /// One part.
    ///
    /// @param name driver, devices, kernels, cublaslt, jcuda or jcublas
    /// @param what what was found and where, or why it cannot be used
    public record Layer(String name, boolean isFound, String what) {}

    /// Loads what there is. A missing layer is a line, never an error.
    public static List<Layer> ofThisMachine() {
        List<Layer> layers = new ArrayList<>();
        boolean hasDriver = false;
        try {
            Driver driver = Driver.ofThisMachine();
            hasDriver = true;
            layers.add(new Layer("driver", true, "for CUDA " + driver.versionName()));
            layers.add(devices(driver));
        } catch (KernelException e) {
            layers.add(new Layer("driver", false, reason(e)));
            layers.add(new Layer("devices", false, NEEDS_DRIVER));
        }
        addKernels(layers);
        String version = "JCuda " + JcudaLibraries.version();
        layers.add(new Layer("jcuda", hasDriver, hasDriver ? version : version + ", " + NEEDS_DRIVER));
        Optional<String> noBlas = hasDriver ? JcudaLibraries.blasFailure() : Optional.of(NEEDS_DRIVER);
        layers.add(new Layer("jcublas", noBlas.isEmpty(), noBlas.orElse("for VERNACULAR_GEMM=jcublas")));
        return layers;
    }

    private static Layer devices(Driver driver) {
        String all = String.join(
                "; ", driver.devices().stream().map(Driver.Gpu::toString).toList());
        try {
            driver.capableDevice();
            return new Layer("devices", true, all);
        } catch (KernelException e) {
            return new Layer("devices", false, reason(e));
        }
    }

    private static void addKernels(List<Layer> layers) {
        try {
            NativeLibrary library = NativeLibrary.cuda();
            layers.add(new Layer("kernels", true, library.file().toString()));
            String products = new ObjectMapper()
                    .readTree(library.describe())
                    .path("products")
                    .asText("built-in");
            layers.add(new Layer("cublaslt", !products.contains("not found"), products));
        } catch (KernelException e) {
            layers.add(new Layer("kernels", false, reason(e)));
            layers.add(new Layer("cublaslt", false, "not looked for: the kernels would open it"));
        } catch (JsonProcessingException e) {
            throw new AssertionError("vn_describe is no JSON", e);
        }
    }

    private static String reason(KernelException e) {
        return e.getMessage().lines().findFirst().orElse("");
    }
}
