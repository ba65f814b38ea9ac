package dev.vernacular.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.vernacular.config.RunConfig;
import dev.vernacular.cuda.EmulatedDriver;
import dev.vernacular.kernels.Backend;
import dev.vernacular.kernels.KernelException;
import dev.vernacular.train.TrainFixture.Recorder;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Whole runs on the CUDA kernels through JCuda: losses, graphs, a device that is lost.
@Tag("native")
class CudaTrainingTest {
    /// Relative, between float32 kernels and the reference in double.
    private static final double FLOAT32 = 1e-4;

    private EmulatedDriver driver;

    @TempDir
    private Path folder;

    @BeforeEach
    void open() {
        driver = new EmulatedDriver().fresh();
    }

    @AfterEach
    void close() {
        driver.close();
    }

    private List<Double> losses(RunConfig config) {
        Recorder recorder = new Recorder();
        try (Backend backend = driver.backend()) {
            TrainingRun.run(config, backend, recorder);
        }
        return recorder.losses();
    }

    @Test
    void twentyStepsHaveTheReferencesLossesDropoutIncluded() {
        Recorder reference = new Recorder();
        TrainFixture.run(TrainFixture.config(folder.resolve("reference")), reference);

        List<Double> losses = losses(TrainFixture.config(folder.resolve("cuda")));

        assertThat(losses).hasSize(20);
        for (int step = 0; step < 20; step++) {
            assertThat(losses.get(step) / reference.losses().get(step))
                    .as("step %d", step)
                    .isEqualTo(1, within(FLOAT32));
        }
    }

    @Test
    void stepsAreGraphsOfTheDriver() {
        long launches = EmulatedDriver.calls("cuGraphLaunch");
        long allocations = EmulatedDriver.calls("cuMemAlloc_v2");
        long streams = EmulatedDriver.calls("cuStreamCreate");

        losses(TrainFixture.config(folder, "trainer.limit_val_batches=0"));

        // 20 steps of two micro-batches and an update, the first replay of each of the three made call by call.
        assertThat(EmulatedDriver.calls("cuGraphLaunch") - launches).isEqualTo(3 * 19);
        assertThat(EmulatedDriver.calls("cuMemAlloc_v2") - allocations).isBetween(1L, 10L);
        assertThat(EmulatedDriver.calls("cuStreamCreate") - streams).isPositive();
    }

    @Test
    void afterTheDeviceWasLostTheRunGoesOnFromItsLastCheckpointWithTheSameLosses() {
        List<Double> whole = losses(config("whole"));
        driver.fresh().with("VN_EMU_LOSE_AFTER", "29");
        assertThatThrownBy(() -> losses(config("lost")))
                .isInstanceOf(KernelException.class)
                .hasMessageContaining("the GPU failed, or was lost")
                .hasMessageContaining("last checkpoint");
        driver.close();

        List<Double> resumed = losses(config("lost"));

        assertThat(resumed).hasSizeBetween(10, 15).isEqualTo(whole.subList(20 - resumed.size(), 20));
    }

    private RunConfig config(String name) {
        return TrainFixture.config(folder.resolve(name), "trainer.val_check_interval=5");
    }
}
