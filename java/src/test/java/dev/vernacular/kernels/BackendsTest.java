package dev.vernacular.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

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
            assertThat(backend.name()).isIn("cuda", "cpu", "reference");
            assertThat(backend.why()).startsWith(backend.name() + ": ").doesNotContain("\n");
            assertThat(backend.name().equals("cuda") || backend.why().contains("(no GPU: "))
                    .isTrue();
        }
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
