package dev.vernacular.adapt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vernacular.files.AtomicFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StagesTest {
    private static final String PROGRAM = "vernacular 1";

    @TempDir
    private Path folder;

    private final List<String> done = new ArrayList<>();

    @Test
    void aStageWithTheSameInputsAndWholeOutputsIsSkipped() {
        run(PROGRAM, Map.of("size", "1"));

        run(PROGRAM, Map.of("size", "1"));

        assertThat(done).hasSize(1);
    }

    @Test
    void aChangedInputRunsTheStageAgain() {
        run(PROGRAM, Map.of("size", "1"));

        run(PROGRAM, Map.of("size", "2"));

        assertThat(done).hasSize(2);
    }

    @Test
    void aDamagedOutputRunsTheStageAgain() throws IOException {
        run(PROGRAM, Map.of("size", "1"));
        Files.writeString(output(), "cut");

        run(PROGRAM, Map.of("size", "1"));

        assertThat(done).hasSize(2);
    }

    @Test
    void anotherVersionOfTheProgramRunsTheStageAgain() {
        run(PROGRAM, Map.of("size", "1"));

        run("vernacular 2", Map.of("size", "1"));

        assertThat(done).hasSize(2);
    }

    @Test
    void aStageThatFailsIsNotDone() {
        Stages stages = stages(PROGRAM);
        assertThatThrownBy(() -> stages.run("make", Map.of(), List.of(output()), () -> {
                    throw new AdaptException("no");
                }))
                .hasMessage("no");

        run(PROGRAM, Map.of());

        assertThat(done).hasSize(1);
    }

    @Test
    void aManifestThatIsNoJsonOnlyMeansThatAllStagesRun() throws IOException {
        Files.writeString(folder.resolve(Manifest.NAME), "{\"program\": ");

        run(PROGRAM, Map.of());

        assertThat(done).hasSize(1);
    }

    @Test
    void aFileIsKnownByItsContentAndNotByItsName() throws IOException {
        Files.writeString(folder.resolve("a"), "same");
        Files.writeString(folder.resolve("b"), "same");
        Files.writeString(folder.resolve("c"), "other");
        Stages stages = stages(PROGRAM);

        assertThat(stages.fingerprint(folder.resolve("a"))).isEqualTo(stages.fingerprint(folder.resolve("b")));
        assertThat(stages.fingerprint(folder.resolve("a"))).isNotEqualTo(stages.fingerprint(folder.resolve("c")));
    }

    private Stages stages(String program) {
        return new Stages(folder, program, line -> {});
    }

    private void run(String program, Map<String, String> inputs) {
        stages(program).run("make", inputs, List.of(output()), () -> {
            done.add("made");
            AtomicFile.write(output(), "whole".getBytes());
        });
    }

    private Path output() {
        return folder.resolve("output");
    }
}
