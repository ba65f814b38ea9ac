package dev.vernacular.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vernacular.kernels.Backend;
import dev.vernacular.kernels.Backends;
import dev.vernacular.kernels.KernelException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// What is missing is said in one paragraph, with what to install; exit status 2.
@Tag("native")
class DriverTest {
    private static AbstractThrowableAssert<?, ? extends Throwable> refusal(String variable, String value) {
        try (EmulatedDriver driver = new EmulatedDriver().with(variable, value)) {
            return assertThatThrownBy(driver::backend)
                    .isInstanceOfSatisfying(
                            KernelException.class,
                            e -> assertThat(e.exitStatus()).isEqualTo(2))
                    .hasMessageStartingWith("--backend cuda-emulated cannot be had: ");
        }
    }

    @Test
    void aDriverOlderThanTheToolkitIsNamedWithTheVersionToInstall() {
        refusal("VN_EMU_DRIVER_VERSION", "12040")
                .hasMessageContaining("for CUDA 12.4 at most, the kernels need CUDA 13.0")
                .hasMessageContaining("580");
    }

    @Test
    void aDriverWithoutGpuIsNamed() {
        refusal("VN_EMU_DEVICES", "0").hasMessageContaining("lists no GPU").hasMessageContaining("nvidia-smi");
    }

    @Test
    void aGpuThatIsTooOldIsNamedWithItsCapability() {
        refusal("VN_EMU_COMPUTE_CAPABILITY", "7.5")
                .hasMessageContaining("Emulated GPU has compute capability 7.5, the kernels need 8.0");
    }

    @Test
    void theBackendSaysWhatItRunsOn() {
        try (EmulatedDriver driver = new EmulatedDriver();
                Backend backend = driver.backend()) {
            assertThat(backend.name()).isEqualTo("cuda-emulated");
            assertThat(backend.why()).isEqualTo("cuda-emulated: Emulated GPU, 16384 MB, compute capability 8.0");
        }
    }

    @Test
    void aProcessHasOneDriver() {
        new EmulatedDriver().close();

        assertThatThrownBy(() -> Backends.open("cuda", 0, Optional.empty()))
                .hasMessageContaining("this process already has the emulated driver");
    }

    @Test
    void withoutADriverCudaIsRefusedAndAutoSaysWhyItTookTheCpu() throws IOException, InterruptedException {
        Output cuda = output("cuda");
        Assumptions.assumeFalse(cuda.status == 0, "there is a GPU");

        assertThat(cuda.status).isEqualTo(2);
        assertThat(cuda.text).contains("--backend cuda cannot be had: there is no NVIDIA driver", "Install driver 580");
        Output automatic = output("auto");
        assertThat(automatic.status).isZero();
        assertThat(automatic.text).contains("(no GPU: there is no NVIDIA driver: the system finds no libcuda.so.1");
    }

    private record Output(int status, String text) {}

    private static Output output(String backend) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(List.of(
                        ProcessHandle.current().info().command().orElseThrow(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "dev.vernacular.cli.Main",
                        "bench",
                        "train",
                        "--layers=1",
                        "--hidden=8",
                        "--heads=2",
                        "--vocab=20",
                        "--seq=5",
                        "--backend=" + backend))
                .redirectErrorStream(true)
                .start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Output(process.waitFor(), text);
    }
}
