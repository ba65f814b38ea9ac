package dev.vernacular.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vernacular.tokenizer.merge.Guard;
import dev.vernacular.tokenizer.merge.TokenizerMerger;
import dev.vernacular.tokenizer.pieces.PreTokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Our ids against those of Hugging Face `tokenizers` and tiktoken (`dev/oracle/tokenizer_ids.py`). The
/// property `tokenizer.parity` names another folder of that script's, such as the long run's.
class TokenizerParityTest {
    private static final Path FOLDER =
            Path.of(System.getProperty("tokenizer.parity", "src/test/resources/golden/tokenizer"));
    private static final ObjectMapper JSON = new ObjectMapper();

    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "marks"})
    void idsAreThoseOfHuggingFaceAndTiktoken(String preTokenizer) throws IOException {
        Tokenizer tokenizer = Tokenizer.load(FOLDER.resolve(preTokenizer));

        assertThat(tokenizer.preTokenizer()).isEqualTo(preTokenizer);
        eachText(FOLDER, line -> {
            int[] expected = JSON.convertValue(line.get(preTokenizer), int[].class);
            assertThat(tokenizer.encode(line.get("text").textValue()))
                    .as("%s", line.get("text"))
                    .isEqualTo(expected);
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "marks"})
    void decodingGivesTheTextBack(String preTokenizer) throws IOException {
        Tokenizer tokenizer = Tokenizer.load(FOLDER.resolve(preTokenizer));

        eachText(FOLDER, line -> {
            String text = line.get("text").textValue();
            assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text);
            assertThat(tokenizer.decode(tokenizer.encodeOrdinary(text))).isEqualTo(text);
        });
    }

    @Test
    void vocabularyAndMergesFilesAreByteForByteThoseOfHuggingFace() throws IOException {
        Path folder = FOLDER.resolve("gpt2");
        byte[] none = {};

        TokenizerFiles written = Tokenizer.of(
                        new TokenizerFiles(none, none, Files.readAllBytes(folder.resolve("tokenizer.json"))))
                .files();

        assertThat(written.vocabJson()).isEqualTo(Files.readAllBytes(folder.resolve("vocab.json")));
        assertThat(written.mergesTxt()).isEqualTo(Files.readAllBytes(folder.resolve("merges.txt")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "marks"})
    void whatIsWrittenIsReadBackTheSame(String preTokenizer) {
        Vocabulary vocabulary = Tokenizer.load(FOLDER.resolve(preTokenizer)).vocabulary();

        TokenizerFiles written = Tokenizer.of(vocabulary).files();

        assertThat(Tokenizer.of(written).vocabulary()).isEqualTo(vocabulary);
        assertThat(Tokenizer.of(written).files()).usingRecursiveComparison().isEqualTo(written);
    }

    @Test
    void bareVocabularyAndMergesGiveTheSameIdsAsTokenizerJson() throws IOException {
        Path folder = FOLDER.resolve("gpt2");
        Tokenizer bare = Tokenizer.of(new TokenizerFiles(
                Files.readAllBytes(folder.resolve("vocab.json")),
                Files.readAllBytes(folder.resolve("merges.txt")),
                new byte[0]));

        assertThat(bare.vocabulary()).isEqualTo(Tokenizer.load(folder).vocabulary());
        assertThat(bare.endOfText()).isEqualTo(bare.size() - 1);
    }

    /// The files were loaded by `tokenizers` and `transformers`, whose ids these are
    /// (`dev/oracle/tokenizer_loaded.py`).
    @Test
    void filesWrittenHereGiveHuggingFaceTheSameIds() throws IOException {
        Path folder = Path.of("src/test/resources/golden/tokenizer");
        Tokenizer merged = TokenizerMerger.merge(
                        Tokenizer.load(folder.resolve("gpt2")),
                        Tokenizer.load(folder.resolve("marks")),
                        new Guard.Script(Guard.LATIN),
                        PreTokenizer.MARKS)
                .tokenizer();

        assertThat(merged.files().tokenizerJson())
                .isEqualTo(Files.readAllBytes(folder.resolve("merged/tokenizer.json")));
        assertThat(merged.files().vocabJson()).isEqualTo(Files.readAllBytes(folder.resolve("merged/vocab.json")));
        assertThat(merged.files().mergesTxt()).isEqualTo(Files.readAllBytes(folder.resolve("merged/merges.txt")));
        eachText(folder.resolve("merged"), line -> {
            int[] expected = JSON.convertValue(line.get("ids"), int[].class);
            assertThat(merged.encode(line.get("text").textValue())).isEqualTo(expected);
        });
    }

    @Test
    void manyThreadsGetTheSameIds() throws IOException {
        Tokenizer tokenizer = Tokenizer.load(FOLDER.resolve("gpt2"));
        List<String> texts;
        try (Stream<String> lines = Files.lines(FOLDER.resolve("ids.jsonl"), StandardCharsets.UTF_8)) {
            texts = lines.limit(200).toList();
        }
        List<int[]> alone = texts.stream().map(tokenizer::encode).toList();

        Tokenizer fresh = Tokenizer.load(FOLDER.resolve("gpt2"));
        List<int[]> together = texts.parallelStream().map(fresh::encode).toList();

        assertThat(together).usingRecursiveComparison().isEqualTo(alone);
    }

    private static void eachText(Path folder, Consumer<JsonNode> check) throws IOException {
        try (Stream<String> lines = Files.lines(folder.resolve("ids.jsonl"), StandardCharsets.UTF_8)) {
            for (String line : (Iterable<String>) lines::iterator) {
                check.accept(JSON.readTree(line));
            }
        }
    }
}
