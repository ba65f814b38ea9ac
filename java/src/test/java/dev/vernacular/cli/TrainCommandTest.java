package dev.vernacular.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainCommandTest {
    @TempDir
    private Path folder;

    /// What a command printed and how it ended.
    private record Outcome(int status, String out, String err) {}

    @Test
    void aDryRunPrintsConfigurationAndPlanAndWritesNothing() throws IOException {
        Outcome outcome = train("--dry-run", "--json", "trainer.max_steps=3");

        assertThat(outcome.status()).isZero();
        assertThat(outcome.out().lines()).hasSize(1);
        JsonNode json = new ObjectMapper().readTree(outcome.out());
        assertThat(json.get("config").get("trainer").get("max_steps").asInt()).isEqualTo(3);
        assertThat(json.get("config").get("model").get("hidden_size").asInt()).isEqualTo(12);
        assertThat(json.get("parameters").asLong()).isEqualTo(7212);
        assertThat(json.get("tokens").asLong()).isEqualTo(3 * 8 * 13);
        assertThat(folder.resolve("run")).doesNotExist();
    }

    @Test
    void aRunPrintsItsResultOnStdoutAndTheRestOnStderr() throws IOException {
        Outcome outcome = train(
                "--json",
                "trainer.max_steps=2",
                "trainer.limit_val_batches=1",
                "trainer.precision=32",
                "model.optim.sched.warmup_steps=1");

        assertThat(outcome.status()).isZero();
        JsonNode json = new ObjectMapper().readTree(outcome.out());
        assertThat(json.get("steps").asInt()).isEqualTo(2);
        assertThat(json.get("val_loss").asDouble()).isBetween(5.0, 6.5);
        assertThat(Path.of(json.get("checkpoint").asText())).exists();
        assertThat(Files.readAllLines(folder.resolve("run/metrics.jsonl"))).hasSize(3);
        assertThat(outcome.err())
                .contains("step 2/2")
                .contains("validation loss")
                .contains("tokens/s");
    }

    @Test
    void wrongInputEndsWithTwoAndAMessageWithoutATrace() {
        Outcome unknown = train("model.hiden_size=3");
        Outcome stray = train("hello");

        assertThat(unknown.status()).isEqualTo(2);
        assertThat(unknown.err()).contains("Did you mean model.hidden_size?").doesNotContain("at dev.");
        assertThat(stray.status()).isEqualTo(2);
        assertThat(stray.err()).contains("'hello' is neither an option nor key=value");
    }

    @Test
    void aRunThatFailsEndsWithOne() {
        Outcome outcome = train(
                "trainer.max_steps=5",
                "trainer.limit_val_batches=0",
                "trainer.precision=32",
                "model.optim.lr=1e38",
                "~model.optim.sched");

        assertThat(outcome.status()).isEqualTo(1);
        assertThat(outcome.err()).contains("step 2: the loss is NaN").doesNotContain("at dev.");
    }

    private Outcome train(String... more) {
        Path corpus = golden("corpus.idx").resolveSibling("corpus");
        List<String> arguments = new ArrayList<>(List.of(
                "train",
                "--backend",
                "reference",
                "restore_from_path=" + golden("tied.nemo"),
                "exp_manager.explicit_log_dir=" + folder.resolve("run"),
                "model.data.data_prefix={train:[" + corpus + "],validation:[" + corpus + "],test:[]}"));
        arguments.addAll(List.of(more));
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream outBytes = new ByteArrayOutputStream();
        ByteArrayOutputStream errBytes = new ByteArrayOutputStream();
        try {
            System.setOut(new PrintStream(outBytes, true, StandardCharsets.UTF_8));
            System.setErr(new PrintStream(errBytes, true, StandardCharsets.UTF_8));
            int status = Main.commandLine().execute(arguments.toArray(String[]::new));
            return new Outcome(
                    status, outBytes.toString(StandardCharsets.UTF_8), errBytes.toString(StandardCharsets.UTF_8));
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
    }

    private static Path golden(String name) {
        try {
            return Path.of(Objects.requireNonNull(TrainCommandTest.class.getResource("/golden/train/" + name), name)
                    .toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }
}
