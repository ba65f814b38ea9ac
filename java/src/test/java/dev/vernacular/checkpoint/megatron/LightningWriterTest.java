package dev.vernacular.checkpoint.megatron;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vernacular.checkpoint.Golden;
import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.checkpoint.ModelFormat;
import dev.vernacular.checkpoint.StoredTensor;
import dev.vernacular.checkpoint.torch.TorchFile;
import dev.vernacular.files.FilesException;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.tokenizer.Tokenizer;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LightningWriterTest {
    @TempDir
    private Path folder;

    private Path write(String source, Path target, boolean force) {
        try (ModelFile model = ModelFile.open(Golden.path(source))) {
            LightningWriter.write(target, model.section(), model.tokenizer(), model.tensors(), force);
        }
        return target;
    }

    @ParameterizedTest
    @ValueSource(strings = {"legacy.nemo", "mcore.nemo", "bf16-erf.nemo", "untied.nemo", "tp2-pp2.nemo", "hf"})
    void whatIsWrittenReadsBackBitForBitWithItsTokenizer(String source) {
        Path out = write(source, folder.resolve("run/model.ckpt"), false);

        assertThat(Golden.values(out)).usingRecursiveComparison().isEqualTo(Golden.values(Golden.path(source)));
        try (ModelFile before = ModelFile.open(Golden.path(source));
                ModelFile after = ModelFile.open(out)) {
            assertThat(after.format()).isEqualTo(ModelFormat.LIGHTNING);
            assertThat(after.config()).isEqualTo(before.config());
            assertThat(after.section().origin()).endsWith("hparams.yaml");
            assertThat(Tokenizer.of(after.tokenizer().orElseThrow()).size()).isEqualTo(259);
        }
    }

    @Test
    void itHasTheKeysThatLightningLooksFor() {
        Path out = write("legacy.nemo", folder.resolve("model.ckpt"), false);

        try (TorchFile file = TorchFile.open(out)) {
            Map<?, ?> root = file.requirePlainData().dictionary();
            assertThat(root.get("epoch")).isEqualTo(0L);
            assertThat(root.get("global_step")).isEqualTo(0L);
            assertThat(root.get("pytorch-lightning_version")).isEqualTo("2.0.9");
            assertThat(root.get("optimizer_states")).isEqualTo(List.of());
            assertThat(root.get("hparams_name")).isEqualTo("cfg");
            assertThat(((Map<?, ?>) root.get("state_dict")).keySet().toString())
                    .contains("model.language_model.encoder.layers.1.self_attention.query_key_value.weight");
        }
    }

    @Test
    void theTokenizerIsFoundAfterTheFolderHasMoved() throws IOException {
        write("legacy.nemo", folder.resolve("there/model.ckpt"), false);
        Files.move(folder.resolve("there"), folder.resolve("here"));

        try (ModelFile model = ModelFile.open(folder.resolve("here/model.ckpt"))) {
            assertThat(model.tokenizer()).isPresent();
        }
    }

    @Test
    void anotherModelsConfigurationIsNotReplacedUnlessForced() throws IOException {
        Files.writeString(folder.resolve("hparams.yaml"), "cfg: {}\n");
        Path target = folder.resolve("model.ckpt");

        assertThatThrownBy(() -> write("legacy.nemo", target, false))
                .isInstanceOf(FilesException.class)
                .hasMessageContaining("hparams.yaml exists");
        assertThat(folder.resolve("hparams.yaml")).hasContent("cfg: {}");
        assertThat(folder).isDirectoryNotContaining("glob:**.ckpt");

        write("legacy.nemo", target, true);
        assertThat(Golden.values(target)).containsKey("final_norm.bias");
    }

    @Test
    void aFailureWhileWeightsAreWrittenLeavesNothing() {
        Path target = folder.resolve("model.ckpt");
        try (ModelFile model = ModelFile.open(Golden.path("legacy.nemo"))) {
            List<StoredTensor> tensors = model.tensors().stream()
                    .<StoredTensor>map(tensor -> new Unreadable(tensor.name(), tensor.dtype(), tensor.shape()))
                    .toList();

            assertThatThrownBy(() -> LightningWriter.write(target, model.section(), model.tokenizer(), tensors, false))
                    .hasMessage("unreadable");
        }
        assertThat(folder).isEmptyDirectory();
    }

    private record Unreadable(String name, Dtype dtype, long[] shape) implements StoredTensor {
        @Override
        public void read(MemorySegment into) {
            throw new IllegalStateException("unreadable");
        }
    }

    @Test
    void aModelWithoutATokenizerNamesNoFiles() {
        Path target = folder.resolve("model.ckpt");
        try (ModelFile model = ModelFile.open(Golden.path("legacy.nemo"))) {
            LightningWriter.write(target, model.section(), Optional.empty(), model.tensors(), false);
        }

        try (ModelFile model = ModelFile.open(target)) {
            assertThat(model.tokenizer()).isEmpty();
            assertThat(model.section().get("tokenizer.vocab_file")).isEmpty();
        }
    }
}
