package dev.vernacular.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vernacular.checkpoint.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class TokenizerCommandTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden/tokenizer");

    @RegisterExtension
    private final CapturedStreams streams = new CapturedStreams();

    @TempDir
    private Path folder;

    @Test
    void wordsOfALanguageThatJavaDoesNotKnowAreRefused() throws IOException {
        Path text = Files.writeString(folder.resolve("en.txt"), "the theme of the thesis\n");

        int status =
                run("train", "--input", text, "--vocab-size", 300, "--output", folder.resolve("xx"), "--words", "xx");

        assertThat(status).isEqualTo(2);
        assertThat(streams.err()).contains("--words is 'xx'");
        assertThat(folder.resolve("xx")).doesNotExist();
    }

    @Test
    void trainMergeAndCheckGoTogether() throws IOException {
        Path english = Files.writeString(folder.resolve("en.txt"), "the theme of the thesis\n".repeat(3));
        Path thai = Files.writeString(folder.resolve("th.txt"), "เมืองหลวงของประเทศไทย\n".repeat(3));

        assertThat(run("train", "--input", english, "--vocab-size", 300, "--output", folder.resolve("en")))
                .isZero();
        assertThat(run(
                        "train",
                        "--input",
                        thai,
                        "--vocab-size",
                        300,
                        "--output",
                        folder.resolve("th"),
                        "--pre-tokenizer",
                        "marks",
                        "--words",
                        "th"))
                .isZero();
        assertThat(run(
                        "merge",
                        "--base",
                        folder.resolve("en"),
                        "--add",
                        folder.resolve("th"),
                        "--output",
                        folder.resolve("new/both"),
                        "--pre-tokenizer",
                        "marks",
                        "--base-text",
                        english,
                        "--json"))
                .isZero();
        JsonNode merge = json();
        assertThat(run(
                        "check",
                        "--base",
                        folder.resolve("en"),
                        "--merged",
                        folder.resolve("new/both"),
                        "--text",
                        "en=" + english,
                        "th=" + thai,
                        "--json"))
                .isZero();
        JsonNode check = json();

        assertThat(merge.get("changed_base_tokens").doubleValue()).isZero();
        assertThat(merge.get("guard").textValue()).isEqualTo("script");
        assertThat(check.get("base_ids_identical").booleanValue()).isTrue();
        assertThat(check.get("merged_size")).isEqualTo(merge.get("size"));
        assertThat(check.at("/texts/th/base/per_word").doubleValue())
                .isGreaterThan(check.at("/texts/th/merged/per_word").doubleValue() * 5);
        assertThat(check.at("/texts/en/changed_base_tokens").doubleValue()).isZero();
        assertThat(check.at("/texts/en/round_trip").booleanValue()).isTrue();
    }

    @Test
    void decodeGivesBackWhatEncodeWasGivenLineByLine() throws IOException {
        Path text = Files.writeString(folder.resolve("text"), "Hello  world\n\nสวัสดี <|endoftext|>\n");

        assertThat(run("encode", "--tokenizer", GOLDEN.resolve("gpt2"), "--input", text))
                .isZero();
        Path ids = Files.writeString(folder.resolve("ids"), streams.out());
        streams.clear();
        assertThat(run("decode", "--tokenizer", GOLDEN.resolve("gpt2"), "--input", ids))
                .isZero();

        assertThat(Files.readAllLines(ids)).hasSize(3).element(1).isEqualTo("");
        assertThat(streams.out()).isEqualTo(Files.readString(text));
    }

    @Test
    void aModelThatCarriesItsTokenizerServesAsOne() throws IOException {
        Path text = Files.writeString(folder.resolve("text"), "Hello\n");
        Path model = Golden.path("legacy.nemo");
        Path tokenizer = Golden.path("hf");

        assertThat(run("encode", "--tokenizer", model, "--input", text)).isZero();
        String ids = streams.out();
        streams.clear();
        assertThat(run("encode", "--tokenizer", tokenizer, "--input", text)).isZero();
        assertThat(streams.out()).isEqualTo(ids);
        assertThat(run("decode", "--tokenizer", model, "--input", Files.writeString(folder.resolve("ids"), ids)))
                .isZero();
        assertThat(streams.out()).endsWith("Hello\n");
        assertThat(run("check", "--base", model, "--merged", tokenizer)).isZero();
        assertThat(run("merge", "--base", model, "--add", model, "--output", folder.resolve("both")))
                .isZero();
        assertThat(run("encode", "--tokenizer", tokenizer.resolve("vocab.json")))
                .isEqualTo(2);

        assertThat(streams.err()).contains("vocab.json is a file").contains("is a folder");
    }

    @Test
    void encodeToJsonGivesIdsTokensAndOffsets() throws IOException {
        Path text = Files.writeString(folder.resolve("text"), "é<|endoftext|>\n");

        assertThat(run("encode", "--tokenizer", GOLDEN.resolve("gpt2"), "--input", text, "--json"))
                .isZero();
        JsonNode line = json().at("/lines/0");

        assertThat(line.get("ids")).hasSameSizeAs(line.get("offsets"));
        assertThat(line.at("/offsets/0").toString()).isEqualTo("[0,1]");
        assertThat(line.get("offsets").get(line.get("ids").size() - 1).toString())
                .isEqualTo("[1,14]");
    }

    @Test
    void theTokenizerOfAModelIsAsGoodAsItsFolder() throws IOException {
        String model =
                Path.of("src/test/resources/golden/checkpoint/legacy.nemo").toString();
        Path merged = folder.resolve("merged");

        assertThat(run("merge", "--base", model, "--add", model, "--output", merged))
                .isZero();

        assertThat(merged.resolve("vocab.json")).exists();
    }

    @Test
    void anExistingTokenizerIsNotReplacedUnasked() throws IOException {
        Path text = Files.writeString(folder.resolve("text"), "aa aa");
        Files.writeString(folder.resolve("vocab.json"), "precious");

        assertThat(run("train", "--input", text, "--vocab-size", 300, "--output", folder))
                .isEqualTo(2);

        assertThat(streams.err()).contains("vocab.json exists already").contains("--force");
        assertThat(folder.resolve("vocab.json")).hasContent("precious");
    }

    @Test
    void wrongUsageExitsWithTwoAndNamesTheMistake() {
        assertThat(run(
                        "merge",
                        "--base",
                        GOLDEN.resolve("gpt2"),
                        "--add",
                        GOLDEN.resolve("marks"),
                        "--output",
                        folder.resolve("m"),
                        "--guard",
                        "base-text"))
                .isEqualTo(2);
        assertThat(run(
                        "merge",
                        "--base",
                        GOLDEN.resolve("gpt2"),
                        "--add",
                        GOLDEN.resolve("marks"),
                        "--output",
                        folder.resolve("m"),
                        "--guard",
                        "strict"))
                .isEqualTo(2);
        assertThat(run("encode", "--tokenizer", folder.resolve("nowhere"))).isEqualTo(2);
        assertThat(run()).isEqualTo(2);

        assertThat(streams.err())
                .contains("--guard base-text needs --base-text FILE")
                .contains("--guard is 'strict'; it is script, base-text or none")
                .contains("nowhere does not exist")
                .contains("name what to do: train, merge, check, encode, decode")
                .doesNotContain("\tat ");
    }

    private int run(Object... arguments) {
        String[] words = new String[arguments.length + 1];
        words[0] = "tokenizer";
        for (int i = 0; i < arguments.length; i++) {
            words[i + 1] = arguments[i].toString();
        }
        return Main.commandLine().execute(words);
    }

    private JsonNode json() throws IOException {
        String[] lines = streams.out().split("\n");
        return new ObjectMapper().readTree(lines[lines.length - 1]);
    }
}
