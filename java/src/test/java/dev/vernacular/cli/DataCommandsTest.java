package dev.vernacular.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class DataCommandsTest {
    private static final Path CORPUS = golden("data/corpus.jsonl");
    private static final Path TOKENIZER = golden("tokenizer/gpt2");

    @RegisterExtension
    private final CapturedStreams streams = new CapturedStreams();

    @TempDir
    Path folder;

    @Test
    void theCommandOfNeMosTutorialWritesItsBytes() {
        int status = run(
                "preprocess",
                "--input=" + CORPUS,
                "--json-keys=text",
                "--tokenizer-library=megatron",
                "--vocab",
                TOKENIZER + "/vocab.json",
                "--dataset-impl",
                "mmap",
                "--tokenizer-type",
                "GPT2BPETokenizer",
                "--merge-file",
                TOKENIZER + "/merges.txt",
                "--append-eod",
                "--output-prefix=" + folder.resolve("indexed/train"));

        assertThat(status).isZero();
        assertThat(folder.resolve("indexed/train_text_document.bin"))
                .hasSameBinaryContentAs(golden("data/corpus_text_document.bin"));
        assertThat(folder.resolve("indexed/train_text_document.idx"))
                .hasSameBinaryContentAs(golden("data/corpus_text_document.idx"));
        assertThat(streams.err()).contains("cut as").contains("(gpt2)");
    }

    @Test
    void aTokenizerJsonThatDisagreesIsLeftOutWithANote() throws IOException {
        for (String file : new String[] {"vocab.json", "merges.txt"}) {
            Files.copy(TOKENIZER.resolve(file), folder.resolve(file));
        }
        Files.copy(golden("tokenizer/marks/tokenizer.json"), folder.resolve("tokenizer.json"));

        int status = run(
                "preprocess",
                "--input=" + CORPUS,
                "--vocab=" + folder.resolve("vocab.json"),
                "--merge-file=" + folder.resolve("merges.txt"),
                "--append-eod",
                "--output-prefix=" + folder.resolve("p"));

        assertThat(status).isZero();
        assertThat(streams.err()).contains("tokenizer.json is not used, it does not agree");
        assertThat(folder.resolve("p_text_document.bin"))
                .hasSameBinaryContentAs(golden("data/corpus_text_document.bin"));
    }

    @Test
    void aModelsOwnTokenizerDoes() {
        String prefix = folder.resolve("p").toString();

        assertThat(run(
                        "preprocess",
                        "--input=" + CORPUS,
                        "--tokenizer=" + golden("checkpoint/legacy.nemo"),
                        "--output-prefix=" + prefix))
                .isZero();
        assertThat(streams.out()).startsWith(prefix + "_text_document: 47 documents");
    }

    @Test
    void wrongUseExitsWithTwoAndAMessage() {
        String[] rest = {"--tokenizer=" + TOKENIZER, "--output-prefix=" + folder.resolve("p")};

        assertThat(run("preprocess", "--input=" + folder.resolve("none"), rest[0], rest[1]))
                .isEqualTo(2);
        assertThat(run("preprocess", "--input=" + CORPUS, "--dataset-impl=lazy", rest[0], rest[1]))
                .isEqualTo(2);
        assertThat(run("preprocess", "--input=" + CORPUS, "--split-sentences", rest[0], rest[1]))
                .isEqualTo(2);
        assertThat(run("preprocess", "--input=" + CORPUS, rest[1])).isEqualTo(2);
        assertThat(streams.err().lines())
                .anyMatch(line -> line.endsWith("none: there is no such file or folder"))
                .contains("--dataset-impl lazy is not supported, only mmap is")
                .anyMatch(line -> line.startsWith("preprocess needs a tokenizer"));
        assertThat(streams.out()).isEmpty();
    }

    @Test
    void aTokenizerTypeOfAnotherKindIsRefusedWhereverTheTokenizerIs() {
        int status = run(
                "preprocess",
                "--input=" + CORPUS,
                "--tokenizer=" + TOKENIZER,
                "--tokenizer-type=Bert",
                "--output-prefix=" + folder.resolve("p"));

        assertThat(status).isEqualTo(2);
        assertThat(streams.err()).contains("--tokenizer-type Bert is not supported, only GPT2BPETokenizer is");
    }

    @Test
    void aVocabularyThatIsNoneIsNamed() throws IOException {
        Path wrong = Files.writeString(folder.resolve("wrong.json"), "[1, 2");

        int status = run(
                "preprocess",
                "--input=" + CORPUS,
                "--vocab=" + wrong,
                "--merge-file=" + TOKENIZER + "/merges.txt",
                "--output-prefix=" + folder.resolve("p"));

        assertThat(status).isEqualTo(2);
        assertThat(streams.err()).contains("wrong.json").doesNotContain("REDACTED");
    }

    @Test
    void ratiosOfAnotherSumAreSharesOfItAndThatIsSaid() {
        int status = run("split", "--input=" + CORPUS, "--output=" + folder, "--ratios=0.5,0.6,0.3");

        assertThat(status).isZero();
        assertThat(streams.err()).contains("the ratios sum to 1.4, so the shares are 0.357, 0.429 and 0.214");
    }

    @Test
    void ratiosThatAreNoSharesAreRefusedSayingWhy() {
        run("split", "--input=" + CORPUS, "--output=" + folder, "--ratios=-1,1,1");
        run("split", "--input=" + CORPUS, "--output=" + folder, "--ratios=0,0,0");
        run("split", "--input=" + CORPUS, "--output=" + folder, "--ratios=1,1");

        assertThat(streams.err())
                .contains("--ratios -1,1,1: a share cannot be negative")
                .contains("--ratios 0,0,0: they are all zero")
                .contains("--ratios 1,1: three numbers are needed");
    }

    @Test
    void jsonIsOneLine() throws IOException {
        run("split", "--input=" + CORPUS, "--output=" + folder, "--ratios=8,1,1", "--json");

        JsonNode result = new ObjectMapper().readTree(streams.out());
        assertThat(streams.out().lines()).hasSize(1);
        assertThat(result.get("train").intValue()).isEqualTo(38);
        assertThat(result.get("val").intValue()).isEqualTo(5);
    }

    private static int run(String... arguments) {
        return Main.commandLine().execute(arguments);
    }

    private static Path golden(String name) {
        try {
            return Path.of(Objects.requireNonNull(DataCommandsTest.class.getResource("/golden/" + name))
                    .toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }
}
