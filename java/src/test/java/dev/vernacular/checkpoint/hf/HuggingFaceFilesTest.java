package dev.vernacular.checkpoint.hf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vernacular.checkpoint.Golden;
import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.checkpoint.torch.TorchDtype;
import dev.vernacular.checkpoint.torch.TorchFile;
import dev.vernacular.checkpoint.torch.TorchTensor;
import dev.vernacular.files.FilesException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The forms in which a folder may hold its weights.
class HuggingFaceFilesTest {
    private static final String WHOLE = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";
    private static final String BIN = "pytorch_model.bin";

    @TempDir
    private Path folder;

    @BeforeEach
    void configAndTokenizer() throws IOException {
        for (String file : List.of("config.json", "vocab.json", "merges.txt", "tokenizer.json")) {
            Files.copy(Golden.path("hf/" + file), folder.resolve(file));
        }
    }

    /// The golden weights as torch tensors.
    private static Map<String, Object> stateDict() {
        Map<String, Object> stateDict = new LinkedHashMap<>();
        try (SafetensorsFile file = SafetensorsFile.open(Golden.path("hf/" + WHOLE))) {
            file.tensors().forEach((name, tensor) -> {
                byte[] bytes = new byte[(int) tensor.byteSize()];
                tensor.readRows(0, MemorySegment.ofArray(bytes));
                stateDict.put(name, TorchTensor.of(TorchDtype.F32, tensor.shape(), MemorySegment.ofArray(bytes)));
            });
        }
        return stateDict;
    }

    private void assertHoldsTheGoldenModel() {
        assertThat(Golden.values(folder))
                .usingRecursiveComparison()
                .isEqualTo(Golden.values(Golden.path("legacy.nemo")));
    }

    private void assertRefused(String... words) {
        assertThatThrownBy(() -> ModelFile.open(folder).close())
                .isInstanceOf(HuggingFaceException.class)
                .hasMessageContaining(folder.toString())
                .hasMessageContainingAll(words);
    }

    private void exportInShards(long bytes, boolean force) {
        try (ModelFile model = ModelFile.open(Golden.path("legacy.nemo"))) {
            HuggingFaceWriter.write(folder, model.config(), Optional.empty(), model.tensors(), force, bytes);
        }
    }

    @Test
    void aStateDictOfTorchIsReadWithoutPython() {
        TorchFile.write(folder.resolve(BIN), stateDict(), false);

        assertHoldsTheGoldenModel();
    }

    @Test
    void bareNamesMasksAndATiedCopyOfTheHeadAreAccepted() {
        Map<String, Object> old = new LinkedHashMap<>();
        stateDict().forEach((name, tensor) -> old.put(name.substring("transformer.".length()), tensor));
        old.put("h.0.attn.bias", TorchTensor.of(TorchDtype.BOOL, new long[] {4}, MemorySegment.ofArray(new byte[4])));
        old.put(
                "h.1.attn.masked_bias",
                TorchTensor.of(TorchDtype.F32, new long[0], MemorySegment.ofArray(new byte[4])));
        old.put("lm_head.weight", old.get("wte.weight"));
        TorchFile.write(folder.resolve(BIN), old, false);

        assertHoldsTheGoldenModel();
    }

    @Test
    void aHeadThatIsNotTheTablesCopyIsRefusedWhereTheyAreTied() {
        Map<String, Object> stateDict = stateDict();
        byte[] zeros = new byte[260 * 6 * Float.BYTES];
        stateDict.put(
                "lm_head.weight", TorchTensor.of(TorchDtype.F32, new long[] {260, 6}, MemorySegment.ofArray(zeros)));
        TorchFile.write(folder.resolve(BIN), stateDict, false);

        assertRefused("lm_head.weight differs", "tie_word_embeddings");
    }

    @Test
    void aTensorThatNoGpt2HasIsNamed() {
        Map<String, Object> stateDict = stateDict();
        stateDict.put("score.weight", stateDict.get("transformer.ln_f.weight"));
        TorchFile.write(folder.resolve(BIN), stateDict, false);

        assertRefused("score.weight");
    }

    @Test
    void aTensorInTwoSpellingsIsNamed() {
        Map<String, Object> stateDict = stateDict();
        stateDict.put("ln_f.weight", stateDict.get("transformer.ln_f.weight"));
        TorchFile.write(folder.resolve(BIN), stateDict, false);

        assertRefused("ln_f.weight is in these weights twice");
    }

    @Test
    void whatIsNoTensorInAStateDictIsNamed() {
        Map<String, Object> stateDict = stateDict();
        stateDict.put("epoch", 3L);
        TorchFile.write(folder.resolve(BIN), stateDict, false);

        assertRefused("'epoch' is no tensor");
    }

    @Test
    void safetensorsGoBeforeTorch() throws IOException {
        Files.writeString(folder.resolve(BIN), "damaged");
        Files.copy(Golden.path("hf/" + WHOLE), folder.resolve(WHOLE));

        assertHoldsTheGoldenModel();
    }

    @Test
    void partsAreReadByTheirIndex() throws IOException {
        Files.delete(folder.resolve("config.json"));
        exportInShards(2000, false);

        JsonNode index = new ObjectMapper().readTree(folder.resolve(INDEX).toFile());
        assertThat(index.path("metadata").path("total_size").asLong()).isEqualTo(weightBytes());
        assertThat(index.path("weight_map").path("transformer.wte.weight").asText())
                .isEqualTo("model-00001-of-00003.safetensors");
        assertHoldsTheGoldenModel();
    }

    private static long weightBytes() {
        return Golden.values(Golden.path("legacy.nemo")).values().stream()
                .mapToLong(values -> 4L * values.length)
                .sum();
    }

    @Test
    void weightsOfAnotherFormDoNotStayBeside() throws IOException {
        Files.copy(Golden.path("hf/" + WHOLE), folder.resolve(WHOLE));

        assertThatThrownBy(() -> exportInShards(2000, false)).isInstanceOf(FilesException.class);
        exportInShards(2000, true);
        assertThat(folder.resolve(WHOLE)).doesNotExist();
        assertHoldsTheGoldenModel();
        exportInShards(1 << 20, true);
        assertThat(folder.resolve(INDEX)).doesNotExist();
        assertThat(folder.resolve("model-00001-of-00003.safetensors")).doesNotExist();
        assertHoldsTheGoldenModel();
    }

    @Test
    void anIndexThatLiesIsRefusedNamingWhatIsMissing() throws IOException {
        exportInShards(2000, true);

        Files.move(folder.resolve("model-00002-of-00003.safetensors"), folder.resolve("x"));
        assertRefused(INDEX, "'model-00002-of-00003.safetensors'");
        Files.move(folder.resolve("x"), folder.resolve("model-00002-of-00003.safetensors"));
        edit(INDEX, text -> text.replaceFirst("(wte.weight\" : \")[^\"]*", "$1../evil.safetensors"));
        assertRefused(INDEX, "'../evil.safetensors'");
        edit(INDEX, text -> text.replace("../evil.safetensors", "model-00003-of-00003.safetensors"));
        assertRefused("transformer.wte.weight in model-00003-of-00003.safetensors, which does not hold it");
        Files.writeString(folder.resolve(INDEX), "{}");
        assertRefused(INDEX, "weight_map");
    }

    private void edit(String file, UnaryOperator<String> change) throws IOException {
        Files.writeString(folder.resolve(file), change.apply(Files.readString(folder.resolve(file))));
    }

    @Test
    void aFolderWithoutWeightsSaysWhatIsLookedFor() {
        assertRefused("model.safetensors", "pytorch_model.bin");
    }

    @Test
    void aValueOfTheWrongKindInTheConfigurationIsNamed() throws IOException {
        Files.copy(Golden.path("hf/" + WHOLE), folder.resolve(WHOLE));
        String whole = Files.readString(folder.resolve("config.json"));
        Map<String, String> wrong = Map.of(
                "\"n_layer\": 2", "\"n_layer\": \"two\"",
                "\"n_head\": 2", "\"n_head\": 1e30",
                "\"n_embd\": 6", "\"n_embd\": -6",
                "\"vocab_size\": 260", "\"vocab_size\": 261",
                "\"layer_norm_epsilon\": 1e-05", "\"layer_norm_epsilon\": []");

        for (Map.Entry<String, String> change : wrong.entrySet()) {
            assertThat(whole).contains(change.getKey());
            Files.writeString(folder.resolve("config.json"), whole.replace(change.getKey(), change.getValue()));
            assertRefused("config.json: " + change.getKey().split("\"")[1] + " is ");
        }
    }
}
