package dev.vernacular.checkpoint.hf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vernacular.VernacularException;
import dev.vernacular.checkpoint.Golden;
import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.checkpoint.TrimmedModel;
import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.tokenizer.TokenizerFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HuggingFaceTest {
    @TempDir
    private Path folder;

    private Path exported(ModelFile model) {
        Path out = folder.resolve("hf");
        HuggingFaceWriter.write(out, model.config(), model.tokenizer(), model.tensors(), false);
        return out;
    }

    @ParameterizedTest
    @ValueSource(strings = {"legacy.nemo", "bf16-erf.nemo", "untied.nemo", "fp16-mcore.nemo"})
    void exportAndImportGiveTheSameWeights(String name) {
        try (ModelFile model = ModelFile.open(Golden.path(name));
                ModelFile again = ModelFile.open(exported(model))) {
            assertThat(again.config().activation()).isEqualTo(model.config().activation());
            assertThat(again.config().isTied()).isEqualTo(model.config().isTied());
            assertThat(again.tensors().getFirst().dtype())
                    .isEqualTo(model.tensors().getFirst().dtype());
        }
        assertThat(Golden.values(folder.resolve("hf")))
                .usingRecursiveComparison()
                .isEqualTo(Golden.values(Golden.path(name)));
    }

    @Test
    void theExportHoldsWhatTransformersSaved() throws IOException {
        try (ModelFile model = ModelFile.open(Golden.path("legacy.nemo"));
                SafetensorsFile ours = SafetensorsFile.open(exported(model).resolve("model.safetensors"));
                SafetensorsFile theirs = SafetensorsFile.open(Golden.path("hf/model.safetensors"))) {
            assertThat(ours.tensors().keySet())
                    .containsExactlyInAnyOrderElementsOf(theirs.tensors().keySet());
            theirs.tensors().forEach((name, tensor) -> {
                assertThat(ours.tensors().get(name).shape()).as(name).isEqualTo(tensor.shape());
                assertThat(ours.tensors().get(name).isSame(tensor)).as(name).isTrue();
            });
        }
    }

    @Test
    void layernorm1pGetsItsOneAdded() {
        try (ModelFile model = ModelFile.open(Golden.path("layernorm1p.nemo"))) {
            exported(model);
        }

        float[] before = Golden.values(Golden.path("layernorm1p.nemo")).get("final_norm.weight");
        float[] after = Golden.values(folder.resolve("hf")).get("final_norm.weight");
        assertThat(after[0]).isEqualTo(before[0] + 1);
    }

    @ParameterizedTest
    @CsvSource({"gpt2, GPT2Tokenizer", "marks, PreTrainedTokenizerFast"})
    void theTokenizersClassIsOneThatReadsItsPreTokenizer(String preTokenizer, String tokenizerClass)
            throws IOException {
        Path files = Path.of("src/test/resources/golden/tokenizer/" + preTokenizer);
        try (ModelFile model = ModelFile.open(Golden.path("legacy.nemo"))) {
            TokenizerFiles tokenizer = Tokenizer.load(files).files();
            HuggingFaceWriter.write(folder, model.config(), Optional.of(tokenizer), model.tensors(), false);
        }

        assertThat(Files.readString(folder.resolve("tokenizer_config.json")))
                .contains("\"tokenizer_class\" : \"" + tokenizerClass + "\"");
    }

    @Test
    void trimmingDropsThePaddingRows() {
        try (ModelFile model = ModelFile.open(Golden.path("legacy.nemo"))) {
            exported(TrimmedModel.of(model));
        }

        Map<String, float[]> values = Golden.values(folder.resolve("hf"));
        float[] whole = Golden.values(Golden.path("legacy.nemo")).get("word_embeddings.weight");
        assertThat(values.get("word_embeddings.weight")).isEqualTo(Arrays.copyOf(whole, 259 * 6));
    }

    @Test
    void cutWeightsAreRefusedByName() throws IOException {
        for (String file : new String[] {"config.json", "vocab.json", "merges.txt", "tokenizer.json"}) {
            Files.copy(Golden.path("hf/" + file), folder.resolve(file));
        }
        byte[] whole = Files.readAllBytes(Golden.path("hf/model.safetensors"));
        for (int length = 0; length < whole.length; length += 499) {
            Files.write(folder.resolve("model.safetensors"), Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> ModelFile.open(folder))
                    .isInstanceOf(VernacularException.class)
                    .hasMessageContaining("model.safetensors");
        }
    }

    @Test
    void anotherArchitectureIsRefusedNamingIt() throws IOException {
        Files.writeString(folder.resolve("config.json"), "{\"model_type\": \"llama\"}");
        Files.copy(Golden.path("hf/model.safetensors"), folder.resolve("model.safetensors"));

        assertThatThrownBy(() -> ModelFile.open(folder))
                .isInstanceOf(HuggingFaceException.class)
                .hasMessageContaining("model_type is llama");
    }
}
