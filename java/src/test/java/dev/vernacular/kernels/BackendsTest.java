package dev.vernacular.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BackendsTest {
    @Test
    void theReferenceCanAlwaysBeHad() {
        try (Backend backend = Backends.open("reference", 0, Optional.empty())) {
            assertThat(backend.name()).isEqualTo("reference");
            assertThat(backend.why()).startsWith("reference: plain Java");
        }
    }

    @Test
    void autoSaysInOneLineWhatWasTakenAndWhyNotAGpu() {
        try (Backend backend = Backends.open("auto", 1, Optional.empty())) {
            assertThat(backend.name()).isIn("cpu", "reference");
            assertThat(backend.why())
                    .contains("no GPU: this version has no CUDA kernels yet")
                    .doesNotContain("\n");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"cuda", "cuda-emulated"})
    void cudaIsRefusedWithTheReasonAndAWayOut(String name) {
        assertThatThrownBy(() -> Backends.open(name, 0, Optional.empty()))
                .isInstanceOfSatisfying(
                        KernelException.class, e -> assertThat(e.exitStatus()).isEqualTo(2))
                .hasMessageContaining("--backend " + name + " cannot be had")
                .hasMessageContaining("Use --backend cpu");
    }

    @Test
    void anUnknownNameIsRefusedWithTheKnownOnes() {
        assertThatThrownBy(() -> Backends.open("gpu", 0, Optional.empty()))
                .hasMessageContaining("'gpu'")
                .hasMessageContaining("auto, cuda, cpu, cuda-emulated, reference");
    }

    @Test
    void aNegativeThreadCountIsRefused() {
        assertThatThrownBy(() -> Backends.open("auto", -1, Optional.empty())).hasMessageContaining("--threads is -1");
    }

    @Test
    @Tag("native")
    void theCpuBackendNamesItsInstructionSetAndThreads() {
        try (Backend backend = Backends.open("cpu", 2, Optional.of("scalar"))) {
            assertThat(backend.why()).isEqualTo("cpu: scalar, 2 threads");
        }
    }

    @Test
    @Tag("native")
    void anInstructionSetThatIsNotThereIsAUsersErrorAndNotReplacedSilently() {
        assertThatThrownBy(() -> Backends.open("auto", 1, Optional.of("altivec")))
                .isInstanceOfSatisfying(
                        KernelException.class, e -> assertThat(e.exitStatus()).isEqualTo(2))
                .hasMessageStartingWith("--isa is altivec; this machine has scalar");
    }
}
