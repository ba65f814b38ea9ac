package dev.vernacular.inspect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vernacular.VernacularException;
import dev.vernacular.checkpoint.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InspectionTest {
    private static final Inspection INSPECTION = new Inspection(Optional.empty(), false, false);

    @TempDir
    private Path folder;

    private static Map<String, Object> golden(String name) {
        return INSPECTION.of(Golden.path(name));
    }

    @Test
    void theSameWeightsHaveOneHashInEveryFormat() {
        Object hash = golden("legacy.nemo").get("weights_sha256");

        assertThat(hash.toString()).matches("[0-9a-f]{64}");
        assertThat(List.of("mcore.nemo", "hf", "lightning/checkpoints/step=3-last.ckpt"))
                .allSatisfy(
                        other -> assertThat(golden(other).get("weights_sha256")).isEqualTo(hash));
        assertThat(golden("untied.nemo").get("weights_sha256")).isNotEqualTo(hash);
    }

    @Test
    void aModelsVocabularyPaddingAndRanksAreCounted() {
        assertThat(golden("tp2.nemo"))
                .containsEntry("rows", 264)
                .containsEntry("tokens", 259)
                .containsEntry("padding_rows", 5)
                .containsEntry("divisor", 8)
                .containsEntry("tensor_parallel", 2)
                .containsEntry("dtypes", List.of("f32"))
                .containsEntry("tied", true);
    }

    @Test
    void aCheckpointsTrainingStateIsSummed() {
        Map<String, Object> facts = golden("lightning/checkpoints/step=3-last.ckpt");

        assertThat(facts.get("training"))
                .asInstanceOf(InstanceOfAssertFactories.MAP)
                .containsEntry("step", 3L)
                .containsEntry("consumed_samples", null)
                .containsEntry("optimizer", true)
                .containsEntry("optimizer_moments", 28)
                .containsEntry("scheduler", true)
                .containsEntry("scheduler_step", 3L);
    }

    @Test
    void aRunFolderTellsHowFarItIsAndWhatIsBest() throws IOException {
        Path checkpoints = Files.createDirectories(folder.resolve("checkpoints"));
        Files.writeString(folder.resolve("config.yaml"), "trainer:\n  max_steps: 40\n");
        Files.writeString(folder.resolve("metrics.jsonl"), """
                {"step":20,"loss":3.5}
                {"step":20,"val_loss":3.414}
                {"step":30,"loss":3.25}
                {"step":30,"val_loss":3.6}
                {"step":31,"lo""");
        for (String name : List.of("20-consumed_samples=80.0.ckpt", "30-consumed_samples=120.0-last.ckpt")) {
            Files.writeString(checkpoints.resolve("megatron_gpt--val_loss=3.41-step=" + name), "12345");
        }

        assertThat(INSPECTION.of(folder))
                .containsEntry("kind", "run")
                .containsEntry("steps", 30L)
                .containsEntry("max_steps", 40L)
                .containsEntry("finished", false)
                .containsEntry("loss", 3.25)
                .containsEntry("best_val_loss", 3.414)
                .extractingByKeys("best_checkpoint", "last_checkpoint")
                .satisfiesExactly(
                        best -> assertThat(best.toString()).endsWith("step=20-consumed_samples=80.0.ckpt"),
                        last -> assertThat(last.toString()).endsWith("-last.ckpt"));
    }

    @Test
    void aRunOfNemoIsReadFromItsNamesAlone() throws IOException {
        Path checkpoints = Files.createDirectories(folder.resolve("checkpoints/mp_rank_00"));
        Files.writeString(folder.resolve("hparams.yaml"), "cfg:\n  num_layers: 2\n");
        Files.writeString(
                checkpoints.resolve("megatron_gpt--val_loss=2.31-step=300-consumed_samples=300.0-last.ckpt"), "");

        assertThat(INSPECTION.of(folder))
                .containsEntry("steps", 300L)
                .containsEntry("max_steps", null)
                .containsEntry("best_val_loss", 2.31);
    }

    @Test
    void aTokenizerIsKnownByItsFolderAndByAFileOfIt() {
        Map<String, Object> facts = golden("lightning/tokenizer");

        assertThat(facts).containsEntry("kind", "tokenizer").containsEntry("tokens", 259);
        assertThat(golden("lightning/tokenizer/vocab.json")).containsEntry("tokens", 259);
    }

    @Test
    void whatIsNothingOfTheseIsAnError() throws IOException {
        Path letter = Files.writeString(folder.resolve("letter.txt"), "Dear reader");

        assertThatThrownBy(() -> INSPECTION.of(letter))
                .isInstanceOf(VernacularException.class)
                .hasMessageContaining("letter.txt");
    }
}
