package dev.vernacular.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vernacular.config.RunConfig;
import dev.vernacular.train.TrainFixture.Recorder;
import dev.vernacular.train.TrainingRun.Result;
import dev.vernacular.train.store.StoreException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// With dropout, a blend and accumulation: what a killed run goes on with is what it would have done, bit for
/// bit.
class ResumeTest {
    private static final int STEPS = 9;

    @TempDir
    private static Path wholeFolder;

    private static final Recorder whole = new Recorder();
    private static Result expected;

    @TempDir
    private Path folder;

    /// The run that no one stops.
    @BeforeAll
    static void runWhole() {
        expected = TrainFixture.run(config(wholeFolder), whole);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 5, 6, 8})
    void aRunKilledAfterAnyStepGoesOnWithTheSameLosses(int killedAfter) throws IOException {
        assertThatThrownBy(() -> TrainFixture.run(config("killed"), killAfter(killedAfter)))
                .hasMessage("killed");
        Recorder resumed = new Recorder();
        Result result = TrainFixture.run(config("killed"), resumed);

        int done = STEPS - resumed.steps.size();
        assertThat(done).isEqualTo(killedAfter / 3 * 3);
        assertThat(resumed.losses()).isEqualTo(whole.losses().subList(done, STEPS));
        assertThat(resumed.validations.getLast()).isEqualTo(whole.validations.getLast());
        assertThat(Files.readAllBytes(result.nemo().orElseThrow()))
                .isEqualTo(Files.readAllBytes(expected.nemo().orElseThrow()));
        assertThat(metrics(folder.resolve("killed"))).isEqualTo(metrics(wholeFolder));
    }

    @Test
    void aKillInTheMiddleOfFloat16LosesNothingOfTheLossScale() {
        String[] float16 = {"trainer.precision=16", "model.native_amp_init_scale=4e6"};
        Recorder uninterrupted = new Recorder();
        TrainFixture.run(config("whole", float16), uninterrupted);

        assertThatThrownBy(() -> TrainFixture.run(config("killed", float16), killAfter(7)))
                .hasMessage("killed");
        Recorder resumed = new Recorder();
        TrainFixture.run(config("killed", float16), resumed);

        assertThat(resumed.steps.stream().map(StepListener.Step::lossScale))
                .containsExactlyElementsOf(uninterrupted.steps.subList(6, STEPS).stream()
                        .map(StepListener.Step::lossScale)
                        .toList());
        assertThat(resumed.losses()).isEqualTo(uninterrupted.losses().subList(6, STEPS));
        assertThat(uninterrupted.steps).anyMatch(StepListener.Step::isSkipped).anyMatch(step -> !step.isSkipped());
    }

    @ParameterizedTest
    @CsvSource({"0", "1", "1000", "-1"})
    void aTornCheckpointIsPassedOverForAnOlderWholeOne(long bytes) throws IOException {
        assertThatThrownBy(() -> TrainFixture.run(config("killed"), killAfter(8)))
                .hasMessage("killed");
        Path newest = checkpoints("killed").stream()
                .filter(file ->
                        file.toString().contains("step=6-") && file.toString().endsWith("-last.ckpt"))
                .findFirst()
                .orElseThrow();

        truncate(newest, bytes < 0 ? Files.size(newest) - 1 : bytes);
        Recorder resumed = new Recorder();
        TrainFixture.run(config("killed"), resumed);

        assertThat(resumed.notes).anyMatch(note -> note.contains("passing over") && note.contains("step=6"));
        assertThat(resumed.losses()).isEqualTo(whole.losses().subList(3, STEPS));
        assertThat(checkpoints("killed"))
                .filteredOn(file -> file.toString().contains("-last"))
                .hasSize(1);
    }

    @Test
    void whereNoCheckpointIsWholeTheRunDoesNotStartAnewByItself() throws IOException {
        assertThatThrownBy(() -> TrainFixture.run(config("killed"), killAfter(4)))
                .hasMessage("killed");
        for (Path file : checkpoints("killed")) {
            truncate(file, 100);
        }

        assertThatThrownBy(() -> TrainFixture.run(config("killed"), StepListener.SILENT))
                .isInstanceOf(TrainException.class)
                .hasMessageContaining("none of the checkpoints");
    }

    @Test
    void severalLastFilesAreReducedToTheNewest() throws IOException {
        assertThatThrownBy(() -> TrainFixture.run(config("killed"), killAfter(7)))
                .hasMessage("killed");
        Path older = checkpoints("killed").stream()
                .filter(file -> file.toString().contains("step=3-"))
                .findFirst()
                .orElseThrow();
        Files.copy(older, Path.of(older.toString().replace(".ckpt", "-last.ckpt")));
        Path torn = Files.createFile(older.resolveSibling(".x.ckpt.99.part"));

        Recorder resumed = new Recorder();
        TrainFixture.run(config("killed"), resumed);

        assertThat(resumed.steps).hasSize(STEPS - 6);
        assertThat(torn).doesNotExist();
        assertThat(checkpoints("killed"))
                .filteredOn(file -> file.toString().contains("-last"))
                .hasSize(1);
    }

    @Test
    void aRunThatIsDoneSaysSoAndChangesNothing() throws IOException {
        TrainFixture.run(config("done"), StepListener.SILENT);
        List<Path> before = checkpoints("done");

        Recorder again = new Recorder();
        Result result = TrainFixture.run(config("done"), again);

        assertThat(again.steps).isEmpty();
        assertThat(again.notes.getLast()).contains("this run is done, 9 of 9 steps");
        assertThat(result.steps()).isEqualTo(STEPS);
        assertThat(result.checkpoint()).isPresent();
        assertThat(checkpoints("done")).isEqualTo(before);
    }

    @Test
    void aCheckpointOfAnotherModelIsRefusedBeforeAnythingChanges() throws IOException {
        TrainFixture.run(config("run"), StepListener.SILENT);
        List<Path> before = checkpoints("run");

        assertThatThrownBy(() -> TrainFixture.run(
                        config("run", "restore_from_path=" + TrainFixture.golden("untied.nemo")), StepListener.SILENT))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("output_layer.weight")
                .hasMessageContaining("exp_manager.name");
        assertThat(checkpoints("run")).isEqualTo(before);
    }

    @Test
    void aLightningCheckpointOfNemoIsGoneOnFromAtItsPlaceInTheData() throws IOException {
        Path checkpoint = Files.createDirectories(folder.resolve("run/checkpoints"));
        Path theirs = TrainFixture.golden("lightning/hparams.yaml").resolveSibling("checkpoints");
        try (Stream<Path> files = Files.list(theirs)) {
            for (Path file : files.toList()) {
                Files.copy(file, checkpoint.resolve(file.getFileName()));
            }
        }

        Recorder resumed = new Recorder();
        TrainFixture.run(config("run"), resumed);

        assertThat(resumed.steps.getFirst().step()).isEqualTo(4);
        assertThat(resumed.steps.getFirst().consumedSamples()).isEqualTo(6 + 4);
    }

    @Test
    void withoutResumingEachRunHasAFolderOfItsOwn() throws IOException {
        String[] overrides = {
            "exp_manager.explicit_log_dir=null",
            "exp_manager.exp_dir=" + folder,
            "exp_manager.name=mine",
            "exp_manager.resume_if_exists=False",
            "+exp_manager.use_datetime_version=False"
        };

        Path first =
                TrainFixture.run(config("x", overrides), StepListener.SILENT).folder();
        Path second =
                TrainFixture.run(config("x", overrides), StepListener.SILENT).folder();

        assertThat(first).isEqualTo(folder.resolve("mine/version_0"));
        assertThat(second).isEqualTo(folder.resolve("mine/version_1"));
    }

    private RunConfig config(String name, String... overrides) {
        return config(folder.resolve(name), overrides);
    }

    private static RunConfig config(Path run, String... overrides) {
        String blend = "[0.7," + TrainFixture.corpus() + ",0.3," + TrainFixture.corpus() + "]";
        String[] all = Stream.concat(
                        Stream.of(
                                "exp_manager.explicit_log_dir=" + run,
                                "model.data.data_prefix={train:" + blend + ",validation:" + blend + ",test:[]}",
                                "trainer.max_steps=" + STEPS,
                                "trainer.val_check_interval=3",
                                "model.optim.sched.warmup_steps=2",
                                "exp_manager.checkpoint_callback_params.save_nemo_on_train_end=True"),
                        Stream.of(overrides))
                .toArray(String[]::new);
        return TrainFixture.config(run, all);
    }

    private static StepListener killAfter(int steps) {
        return new StepListener() {
            @Override
            public void stepDone(Step step) {
                if (step.step() == steps + 1) {
                    throw new IllegalStateException("killed");
                }
            }
        };
    }

    /// Without the times.
    private static List<String> metrics(Path run) throws IOException {
        return Files.readAllLines(run.resolve("metrics.jsonl")).stream()
                .map(line -> line.replaceAll(",\"tokens_per_s\".*", ""))
                .toList();
    }

    private List<Path> checkpoints(String name) throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve(name).resolve("checkpoints"))) {
            return files.filter(file -> file.toString().endsWith(".ckpt"))
                    .sorted()
                    .toList();
        }
    }

    private static void truncate(Path file, long bytes) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.truncate(bytes);
        }
    }
}
