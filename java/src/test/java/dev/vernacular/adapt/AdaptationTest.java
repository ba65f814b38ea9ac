package dev.vernacular.adapt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vernacular.VernacularException;
import dev.vernacular.adapt.AdaptSettings.Texts;
import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.checkpoint.expand.RowInit;
import dev.vernacular.kernels.Backends;
import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.train.StepListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The whole job on an oracle-made model of two layers and some lines of text.
class AdaptationTest {
    private static final Path BASE = Path.of("src/test/resources/golden/checkpoint/legacy.nemo");

    @TempDir
    private Path folder;

    private final List<String> log = new ArrayList<>();

    @BeforeEach
    void writeTexts() throws IOException {
        StringBuilder thai = new StringBuilder();
        StringBuilder english = new StringBuilder();
        for (int i = 0; i < 120; i++) {
            thai.append("เมืองหลวงของประเทศที่ ").append(i).append(" คือกรุงเทพมหานคร\n");
            english.append("The capital of country ").append(i).append(" is Bangkok.\n");
        }
        Files.writeString(folder.resolve("thai.txt"), thai);
        Files.writeString(folder.resolve("english.txt"), english);
    }

    @Test
    void textsBecomeATrainedModelWithTheMergedTokenizer() {
        Adaptation.Result result = adaptation("trainer.max_steps=4").run();

        assertThat(result.language()).isEqualTo("th");
        assertThat(result.before().step0().baseIdsIdentical()).isTrue();
        assertThat(result.after().bitsPerByte()).containsOnlyKeys("th", "en");
        assertThat(folder.resolve("out/hf/model.safetensors")).exists();
        try (ModelFile model = ModelFile.open(result.model());
                ModelFile base = ModelFile.open(BASE)) {
            Tokenizer merged = Models.tokenizer(model);
            assertThat(merged.size()).isGreaterThan(Models.tokenizer(base).size());
            assertThat(merged.preTokenizer()).isEqualTo("marks");
            assertThat(model.config().paddedVocabularySize()).isGreaterThanOrEqualTo(merged.size());
        }
    }

    @Test
    void aSecondRunSkipsEveryStage() {
        adaptation("trainer.max_steps=4").run();
        log.clear();

        adaptation("trainer.max_steps=4").run();

        assertThat(log).filteredOn(line -> line.contains("…")).isEmpty();
        assertThat(log).filteredOn(line -> line.contains("done before")).hasSizeGreaterThan(7);
    }

    @Test
    void moreStepsTrainAgainButKeepTheTokenizer() {
        adaptation("trainer.max_steps=4").run();
        log.clear();

        adaptation("trainer.max_steps=6").run();

        assertThat(log).contains("train …", "evaluate …").doesNotContain("tokenizer …", "preprocess …");
    }

    @Test
    void aWrongOverrideIsRefusedBeforeAnythingIsWritten() {
        assertThatThrownBy(() -> adaptation("trainer.max_stepz=4"))
                .isInstanceOf(VernacularException.class)
                .hasMessageContaining("trainer.max_stepz");

        assertThat(folder.resolve("out")).doesNotExist();
    }

    private Adaptation adaptation(String... overrides) {
        List<String> all = new ArrayList<>(List.of("model.micro_batch_size=2", "model.global_batch_size=2"));
        all.addAll(Arrays.asList(overrides));
        AdaptSettings settings = new AdaptSettings(
                BASE,
                new Texts("auto", List.of(folder.resolve("thai.txt").toString()), Optional.empty()),
                Optional.of(
                        new Texts("en", List.of(folder.resolve("english.txt").toString()), Optional.empty())),
                folder.resolve("out"),
                290,
                RowInit.SUBTOKEN,
                0.33,
                7,
                List.of(),
                all);
        Models models = new Models(() -> Backends.open("reference", 0, Optional.empty()));
        return new Adaptation(settings, models, "test", log::add, StepListener.SILENT);
    }
}
