package dev.vernacular.checkpoint.fuzz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vernacular.VernacularException;
import dev.vernacular.tokenizer.Tokenizer;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Tokenizers whose ids or merges cannot be. The golden one has 256 bytes and three more tokens.
class HostileTokenizerTest {
    private static final String GOLDEN = "checkpoint/hf/";

    @TempDir
    private Path folder;

    private String vocabulary;
    private String merges;
    private String json;

    @BeforeEach
    void readTheGoldenFiles() {
        vocabulary = text("vocab.json");
        merges = text("merges.txt");
        json = text("tokenizer.json");
    }

    private static String text(String name) {
        return new String(Templates.golden(GOLDEN + name), StandardCharsets.UTF_8);
    }

    private Optional<VernacularException> load(String vocabJson, String mergesTxt, String tokenizerJson)
            throws IOException {
        String[][] files = {{"vocab.json", vocabJson}, {"merges.txt", mergesTxt}, {"tokenizer.json", tokenizerJson}};
        for (String[] file : files) {
            Files.deleteIfExists(folder.resolve(file[0]));
            if (!file[1].isEmpty()) {
                Files.writeString(folder.resolve(file[0]), file[1]);
            }
        }
        return Reading.assertReadOrRefused(
                () -> Reading.use(Tokenizer.load(folder)), folder.resolve("").toString());
    }

    private void assertBothRefused(String from, String to, String words) throws IOException {
        assertThat(vocabulary).contains(from);
        assertThat(load(vocabulary.replace(from, to), merges, ""))
                .get()
                .asString()
                .contains(words);
    }

    @ParameterizedTest
    @CsvSource({
        "2147483648, 'not a whole number'",
        "-1, 'not a whole number'",
        "1.5, 'not a whole number'",
        "'\"5\"', 'not a whole number'",
        "null, 'not a whole number'",
        "2147483647, 'no gaps'",
        "300, 'no gaps'",
        "0, 'given to both'",
        "9223372036854775808, 'not a whole number'",
        "1e3, 'not a whole number'",
    })
    void anIdThatCannotBeIsRefusedInBothFiles(String id, String words) throws IOException {
        String from = vocabulary.replaceFirst("(?s).*(\"a\":\\s*\\d+).*", "$1");
        String inJson = json.replaceFirst("(?s).*(\"a\":\\s*\\d+).*", "$1");

        assertBothRefused(from, "\"a\": " + id, words);
        assertThat(load("", "", json.replace(inJson, "\"a\": " + id)))
                .get()
                .asString()
                .contains(words);
    }

    @Test
    void aMergeOfAMillionCharactersIsRefusedInAShortMessage() throws IOException {
        String million = "a".repeat(1_000_000);

        assertThat(load(vocabulary, merges + million + " b\n", ""))
                .get()
                .asString()
                .contains("merge");
        assertThat(load(vocabulary, merges + million + "\n", ""))
                .get()
                .asString()
                .contains("merges.txt line");
        assertThat(load(vocabulary, merges + "a b c d".repeat(100_000), "")).isPresent();
        assertThat(load(vocabulary, merges + " ".repeat(1_000_000), "")).isPresent();
    }

    @Test
    void aTokenOfAMillionCharactersIsATokenLikeAnyOther() throws IOException {
        String first = vocabulary.replaceFirst("\\{", "{\"" + "x".repeat(40_000) + "\": 259, ");

        assertThat(load(first, merges, "")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"{", "[", "{\"a\":[", "{\"added_tokens\":[["})
    void deepJsonIsRefused(String opening) throws IOException {
        assertThat(load("", "", opening.repeat(100_000))).isPresent();
        assertThat(load(opening.repeat(100_000), merges, "")).isPresent();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"id\": -1, \"content\": \"x\"}",
                "{\"id\": 2147483648, \"content\": \"x\"}",
                "{\"id\": 259, \"content\": \"\"}",
                "{\"id\": 259}",
                "{\"content\": \"x\"}",
                "[]",
                "null",
                "{\"id\": 0, \"content\": \"x\"}",
                "{\"id\": 1000, \"content\": \"x\"}",
                "{\"id\": 259, \"content\": \"a\"}",
            })
    void anAddedTokenThatCannotBeIsRefused(String token) throws IOException {
        String changed = json.replaceFirst("\"added_tokens\":\\s*\\[", "\"added_tokens\": [" + token + ",");

        assertThat(changed).isNotEqualTo(json);
        assertThat(load("", "", changed)).isPresent();
    }

    @Test
    void aFileOfThreeHundredMegabytesIsNotRead() throws IOException {
        for (String name : new String[] {"tokenizer.json", "vocab.json", "merges.txt"}) {
            load(vocabulary, merges, "");
            try (RandomAccessFile sparse =
                    new RandomAccessFile(folder.resolve(name).toFile(), "rw")) {
                sparse.setLength(300 << 20);
            }
            assertThat(Reading.assertReadOrRefused(() -> Tokenizer.load(folder), name))
                    .get()
                    .asString()
                    .contains("314572800 bytes");
        }
    }

    @Test
    void aTreeOfMillionsOfEmptyListsIsNotBuilt() throws IOException {
        Files.writeString(folder.resolve("tokenizer.json"), "{\"a\":[" + "[],".repeat(4_100_000) + "[]]}");

        assertThatThrownBy(() -> Tokenizer.load(folder))
                .isInstanceOf(VernacularException.class)
                .hasMessageContaining("tokenizer.json")
                .hasMessageContaining("8000000");
    }
}
