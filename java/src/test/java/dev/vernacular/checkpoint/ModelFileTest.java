package dev.vernacular.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.vernacular.VernacularException;
import dev.vernacular.checkpoint.archive.TarWriter;
import dev.vernacular.kernels.Activation;
import dev.vernacular.kernels.Norm;
import dev.vernacular.model.ParameterLayout;
import dev.vernacular.tokenizer.Tokenizer;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelFileTest {
    /// Both sides sum exact values in double; the golden file has 12 digits.
    private static final double TWELVE_DIGITS = 1e-9;

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "legacy",
                "mcore",
                "gzip-old-config",
                "bf16-erf",
                "fp16-mcore",
                "untied",
                "layernorm1p",
                "tp2",
                "tp2-pp2",
                "pp2-mcore",
                "pp2-untied"
            })
    void everyTensorIsWhatTheOracleSays(String name) {
        try (ModelFile model = ModelFile.open(Golden.path(name + ".nemo"))) {
            List<Golden.Expected> expected = Golden.expected(name + ".nemo");

            assertThat(model.tensors()).hasSameSizeAs(expected);
            for (Golden.Expected wanted : expected) {
                StoredTensor tensor = named(model, wanted.name());
                assertThat(tensor.shape()).as(wanted.name()).isEqualTo(wanted.shape());
                assertSums(wanted, Golden.values(tensor));
            }
        }
    }

    private static StoredTensor named(ModelFile model, String name) {
        return model.tensors().stream()
                .filter(tensor -> tensor.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static void assertSums(Golden.Expected wanted, float[] values) {
        double sum = 0;
        double squares = 0;
        double weighted = 0;
        for (int i = 0; i < values.length; i++) {
            sum += values[i];
            squares += (double) values[i] * values[i];
            weighted += (double) values[i] * (i + 1);
        }
        assertThat(sum).as(wanted.name()).isCloseTo(wanted.sum(), within(TWELVE_DIGITS));
        assertThat(Math.sqrt(squares)).as(wanted.name()).isCloseTo(wanted.norm(), within(TWELVE_DIGITS));
        assertThat(weighted).as(wanted.name()).isCloseTo(wanted.weighted(), within(1e5 * TWELVE_DIGITS));
    }

    @ParameterizedTest
    @ValueSource(strings = {"mcore.nemo", "lightning/checkpoints/step=3-last.ckpt", "hf", "hf/model.safetensors"})
    void otherFormsOfTheSameModelHoldTheSameWeights(String name) {
        Map<String, float[]> values = Golden.values(Golden.path(name));

        assertThat(values).usingRecursiveComparison().isEqualTo(Golden.values(Golden.path("legacy.nemo")));
    }

    @Test
    void aFlippedBitIsFoundNamingFileAndTensor() throws IOException {
        Path damaged = BrokenModels.withFlippedBit(
                Golden.path("legacy.nemo"), ParameterLayout.WORD_EMBEDDINGS, folder.resolve("damaged.nemo"));

        try (ModelFile model = ModelFile.open(damaged)) {
            assertThatThrownBy(model::requireWhole)
                    .isInstanceOf(VernacularException.class)
                    .hasMessageContaining("damaged.nemo")
                    .hasMessageContaining("is damaged: tensor " + ParameterLayout.WORD_EMBEDDINGS);
            assertThatThrownBy(() -> Golden.values(named(model, ParameterLayout.WORD_EMBEDDINGS)))
                    .hasMessageContaining("is damaged");
        }
    }

    @Test
    void theConfigurationComesWithTheModel() {
        try (ModelFile erf = ModelFile.open(Golden.path("bf16-erf.nemo"));
                ModelFile untied = ModelFile.open(Golden.path("untied.nemo"));
                ModelFile unitless = ModelFile.open(Golden.path("layernorm1p.nemo"));
                ModelFile old = ModelFile.open(Golden.path("gzip-old-config.nemo"))) {
            assertThat(erf.config().activation()).isEqualTo(Activation.GELU_ERF);
            assertThat(untied.config().isTied()).isFalse();
            assertThat(unitless.config().norm()).isEqualTo(Norm.LAYERNORM1P);
            assertThat(old.config().activation()).isEqualTo(Activation.GELU_TANH);
            assertThat(old.config().paddedVocabularySize()).isEqualTo(260);
            assertThat(old.section().text("nemo_version", "")).isEqualTo("1.11.0");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"legacy.nemo", "gzip-old-config.nemo", "hf", "lightning/checkpoints/step=3-last.ckpt"})
    void theTokenizerComesWithTheModel(String name) {
        try (ModelFile model = ModelFile.open(Golden.path(name))) {
            assertThat(Tokenizer.of(model.tokenizer().orElseThrow()).size()).isEqualTo(259);
        }
    }

    @Test
    void weightsAreLoadedIntoTheFlatBufferOfAModel() {
        try (ModelFile model = ModelFile.open(Golden.path("bf16-erf.nemo"));
                Arena arena = Arena.ofConfined()) {
            ParameterLayout layout = new ParameterLayout(model.config());
            MemorySegment weights = arena.allocate(layout.elements() * Float.BYTES);

            ModelWeights.load(model, layout, weights);

            float[] positions = ModelWeights.tensors(layout, weights).stream()
                    .filter(tensor -> tensor.name().equals(ParameterLayout.POSITION_EMBEDDINGS))
                    .map(Golden::values)
                    .findFirst()
                    .orElseThrow();
            assertThat(positions).isEqualTo(Golden.values(named(model, ParameterLayout.POSITION_EMBEDDINGS)));
            assertThat(weights.get(
                            ValueLayout.JAVA_FLOAT,
                            layout.get(ParameterLayout.POSITION_EMBEDDINGS).offset() * 4))
                    .isEqualTo(positions[0]);
        }
    }

    @Test
    void aLightningCheckpointTakesItsConfigurationFromAnywhereWhenTold() throws IOException {
        Path alone = Files.copy(Golden.path("lightning/checkpoints/step=3-last.ckpt"), folder.resolve("a.ckpt"));
        Path hparams = Golden.path("lightning/hparams.yaml");

        try (ModelFile model = ModelFile.open(alone, Optional.of(hparams))) {
            assertThat(model.format()).isEqualTo(ModelFormat.LIGHTNING);
            assertThat(model.section().origin()).isEqualTo(hparams.toString());
            assertThat(model.tokenizer()).isPresent();
        }
    }

    @Test
    void withoutHparamsTheConfigurationSavedInsideIsTaken() throws IOException {
        Path alone = Files.copy(Golden.path("lightning/checkpoints/step=3-last.ckpt"), folder.resolve("a.ckpt"));

        try (ModelFile model = ModelFile.open(alone)) {
            assertThat(model.section().origin()).contains("a.ckpt: hyper_parameters");
            assertThat(model.tokenizer()).isEmpty();
        }
    }

    @Test
    void aConfigurationOfAnotherModelIsRefusedNamingTheTensor() throws IOException {
        Path alone = Files.copy(Golden.path("lightning/checkpoints/step=3-last.ckpt"), folder.resolve("a.ckpt"));
        Path hparams = Files.writeString(
                folder.resolve("hparams.yaml"),
                Files.readString(Golden.path("lightning/hparams.yaml")).replace("num_layers: 2", "num_layers: 3"));
        Path deeper = Files.writeString(
                folder.resolve("deep.yaml"),
                Files.readString(hparams).replace("num_layers: 3", "num_layers: 2000000000"));

        assertThatThrownBy(() -> ModelFile.open(alone))
                .isInstanceOf(VernacularException.class)
                .hasMessageContaining("model.language_model.encoder.layers.2.input_layernorm.weight");
        assertThatThrownBy(() -> ModelFile.open(alone, Optional.of(deeper)))
                .isInstanceOf(VernacularException.class)
                .hasMessageContaining("num_layers is 2000000000");
    }

    @Test
    void aLightningCheckpointCutAtAnyPlaceIsRefusedByName() throws IOException {
        byte[] whole = Files.readAllBytes(Golden.path("lightning/checkpoints/step=3-last.ckpt"));

        assertEveryCutIsRefused(whole, "cut.ckpt", 997);
    }

    @ParameterizedTest
    @ValueSource(strings = {"legacy.nemo", "gzip-old-config.nemo", "tp2-pp2.nemo"})
    void anArchiveCutAtAnyPlaceIsRefusedByName(String name) throws IOException {
        byte[] whole = Files.readAllBytes(Golden.path(name));

        assertEveryCutIsRefused(whole, name, 509);
    }

    /// A tar may lose its last zeros and still be whole, so cuts stop before them.
    private void assertEveryCutIsRefused(byte[] whole, String name, int step) throws IOException {
        int content = whole.length;
        while (whole[content - 1] == 0) {
            content--;
        }
        Path file = folder.resolve(name);
        for (int length = 0; length < content; length += step) {
            Files.write(file, java.util.Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> ModelFile.open(file).close())
                    .as("cut at %d", length)
                    .isInstanceOf(VernacularException.class)
                    .hasMessageContaining(name);
        }
    }

    @Test
    void aTorchFileOfTheTarFormIsNotTakenForANemo() throws IOException {
        Path old = folder.resolve("old.pt");
        try (FileChannel channel = FileChannel.open(old, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            TarWriter tar = new TarWriter(channel);
            for (String name : List.of("storages", "tensors", "pickle", "sys_info")) {
                tar.file(name, new byte[3]);
            }
            tar.finish();
        }

        assertThatThrownBy(() -> ModelFile.open(old))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("old.pt")
                .hasMessageContaining("save it again with torch.save");
    }

    @Test
    void whatIsNoModelIsRefusedNamingTheFile() throws IOException {
        Path text = Files.writeString(folder.resolve("text.nemo"), "just some text, long enough ".repeat(100));
        Path zeros = Files.write(folder.resolve("zeros.nemo"), new byte[20480]);
        Path gguf = Files.writeString(folder.resolve("x.gguf"), "GGUF".repeat(100));

        for (Path file : List.of(text, zeros, gguf, folder, folder.resolve("absent.nemo"))) {
            assertThatThrownBy(() -> ModelFile.open(file))
                    .isInstanceOf(VernacularException.class)
                    .hasMessageContaining(file.toString());
        }
    }
}
