package dev.vernacular.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Real processes and real signals.
@Tag("slow")
class KillTest {
    private static final String STEPS = "60";

    @TempDir
    private Path folder;

    @Test
    void aProcessKilledWithoutWarningGoesOnWithTheSameLosses() throws IOException, InterruptedException {
        assertThat(start("whole").waitFor()).isZero();

        for (int step : new int[] {3, 14, 29}) {
            Process process = start("killed");
            waitForStep(process, "killed", step);
            process.destroyForcibly().waitFor();
        }
        assertThat(start("killed").waitFor()).isZero();

        assertThat(metrics("killed")).isEqualTo(metrics("whole"));
    }

    @Test
    void aTerminatedProcessSavesAndExitsWith143() throws IOException, InterruptedException {
        assertThat(start("whole").waitFor()).isZero();

        Process process = start("stopped");
        waitForStep(process, "stopped", 7);
        process.destroy();
        assertThat(process.waitFor()).isEqualTo(143);
        long saved = metrics("stopped").size();
        assertThat(start("stopped").waitFor()).isZero();

        assertThat(saved).isLessThan(metrics("whole").size());
        assertThat(metrics("stopped")).isEqualTo(metrics("whole"));
    }

    private Process start(String name) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.vernacular.cli.Main",
                "train",
                "--backend",
                "reference"));
        String data = "[0.7," + TrainFixture.corpus() + ",0.3," + TrainFixture.corpus() + "]";
        command.addAll(List.of(
                "restore_from_path=" + TrainFixture.golden("tied.nemo"),
                "exp_manager.explicit_log_dir=" + folder.resolve(name),
                "model.data.data_prefix={train:" + data + ",validation:" + data + ",test:[]}",
                "trainer.precision=32",
                "trainer.max_steps=" + STEPS,
                "trainer.val_check_interval=5",
                "trainer.limit_val_batches=1",
                "model.micro_batch_size=1",
                "model.global_batch_size=2",
                "model.optim.sched.warmup_steps=5"));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve(name + ".log").toFile())
                .start();
    }

    private void waitForStep(Process process, String name, int step) throws IOException, InterruptedException {
        Path file = folder.resolve(name).resolve("metrics.jsonl");
        while (process.isAlive()
                && !(Files.exists(file) && Files.readString(file).contains("{\"step\":" + step + ","))) {
            process.waitFor(5, TimeUnit.MILLISECONDS);
        }
    }

    /// Without the times.
    private List<String> metrics(String name) throws IOException {
        return Files.readAllLines(folder.resolve(name).resolve("metrics.jsonl")).stream()
                .map(line -> line.replaceAll(",\"tokens_per_s\".*", ""))
                .toList();
    }
}
