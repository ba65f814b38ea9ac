package dev.vernacular.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vernacular.kernels.memory.MachineMemory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckupTest {
    private static final MachineMemory ENOUGH = new MachineMemory(16L << 30, 16L << 30, 8L << 30);
    private static final BackendState CUDA =
            new BackendState(false, "no CUDA kernels\n  Use cpu.", Optional.empty(), List.of());
    private static final BackendState CPU =
            new BackendState(true, "cpu: avx2", Optional.empty(), List.of("scalar", "avx2"));

    @TempDir
    Path root;

    @Test
    void thisMachineHasAtLeastTheReferenceBackend() {
        Checkup checkup = Checkup.ofThisMachine();

        assertThat(checkup.backends().keySet()).containsExactly("cuda", "cpu", "cuda-emulated", "reference");
        assertThat(checkup.backends().get("reference").available()).isTrue();
        assertThat(checkup.chosen()).isIn("cuda", "cpu", "reference");
        assertThat(checkup.memory().usable()).isBetween(1L, checkup.memory().total());
    }

    @Test
    void aGpusFilesAreFoundWithoutLoadingThem() throws IOException {
        Path driver = write("usr/lib/x86_64-linux-gnu/libcuda.so.1", "");
        Path cublas = write("usr/local/cuda-12.4/lib64/libcublas.so.12", "");
        write("proc/driver/nvidia/version", "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5\n");
        write("proc/driver/nvidia/gpus/0000:01:00.0/information", "Model: \t\t NVIDIA H100 PCIe\nIRQ: 42\n");

        CudaFiles cuda = CudaFiles.of(root, Map.of());

        assertThat(cuda.driver()).contains(driver);
        assertThat(cuda.cublas()).contains(cublas);
        assertThat(cuda.driverVersion()).contains("550.54.15");
        assertThat(cuda.devices()).containsExactly("NVIDIA H100 PCIe");
    }

    @Test
    void aMachineWithoutAGpuIsNoProblem() {
        CudaFiles none = CudaFiles.of(root, Map.of());

        assertThat(none.driver()).isEmpty();
        assertThat(none.devices()).isEmpty();
        assertThat(Checkup.problems(Map.of("cuda", CUDA, "cpu", CPU), ENOUGH, none))
                .isEmpty();
    }

    @Test
    void aContainersLimitIsWhatTheProcessMayUse() throws IOException {
        Path meminfo = write("proc/meminfo", "MemTotal:       16384 kB\nMemFree: 1 kB\nMemAvailable:    8192 kB\n");

        assertThat(MachineMemory.read(meminfo, 4L << 20)).isEqualTo(new MachineMemory(16L << 20, 4L << 20, 4L << 20));
        assertThat(MachineMemory.read(meminfo, 64L << 20)).isEqualTo(new MachineMemory(16L << 20, 16L << 20, 8L << 20));
    }

    @Test
    void everyProblemHasItsNextStep() throws IOException {
        write("proc/driver/nvidia/gpus/0000:01:00.0/information", "Model: NVIDIA T4\n");
        BackendState noCpu =
                new BackendState(false, "no kernels in the jar\n  Build again.", Optional.empty(), List.of());
        MachineMemory little = new MachineMemory(1L << 30, 1L << 30, 1L << 29);

        List<Problem> problems =
                Checkup.problems(Map.of("cuda", CUDA, "cpu", noCpu), little, CudaFiles.of(root, Map.of()));

        assertThat(problems)
                .extracting(Problem::next)
                .noneMatch(String::isBlank)
                .contains("Build again.");
        assertThat(problems)
                .extracting(Problem::what)
                .anySatisfy(what -> assertThat(what).contains("no kernels in the jar"))
                .anySatisfy(what -> assertThat(what).contains("1024 MB"))
                .anySatisfy(what -> assertThat(what).contains("NVIDIA T4", "no CUDA kernels"))
                .anySatisfy(what -> assertThat(what).contains("libcuda.so.1"));
    }

    @Test
    void aReasonWithoutAdviceGetsSome() {
        BackendState noCpu = new BackendState(false, "VERNACULAR_ISA is avx9", Optional.empty(), List.of());

        List<Problem> problems =
                Checkup.problems(Map.of("cuda", CUDA, "cpu", noCpu), ENOUGH, CudaFiles.of(root, Map.of()));

        assertThat(problems)
                .singleElement()
                .extracting(Problem::next)
                .asString()
                .contains("--backend reference");
    }

    @Test
    void otherJavasAreListedWithTheirVersions() throws IOException {
        Path java = write("usr/lib/jvm/old/bin/java", "");
        assertThat(java.toFile().setExecutable(true)).isTrue();
        write("usr/lib/jvm/old/release", "JAVA_VERSION=\"17.0.1\"\n");

        JavaSearch search = JavaSearch.of(root, Map.of("HOME", root.toString()));

        assertThat(search.others())
                .containsExactly(new JavaSearch.Candidate(
                        "17.0.1",
                        root.resolve("usr/lib/jvm/old"),
                        root.resolve("usr/lib/jvm").toString()));
    }

    private Path write(String name, String text) throws IOException {
        Path file = root.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, text);
    }
}
