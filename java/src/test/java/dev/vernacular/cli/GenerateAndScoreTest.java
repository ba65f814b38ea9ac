package dev.vernacular.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vernacular.checkpoint.BrokenModels;
import dev.vernacular.model.ParameterLayout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// `generate`, `score` and `eval` on archives that NeMo's layout allows, against PyTorch.
class GenerateAndScoreTest {
    private static final double FLOAT32_FORWARD = 1e-5;
    private static final Path MODELS = Path.of("src/test/resources/golden/checkpoint");

    private static final Path LEGACY = MODELS.resolve("legacy.nemo");

    @RegisterExtension
    private final CapturedStreams streams = new CapturedStreams();

    @TempDir
    private Path folder;

    private JsonNode golden;

    @BeforeEach
    void readGolden() throws IOException {
        golden = new ObjectMapper()
                .readTree(Path.of("src/test/resources/golden/model/nemo.json").toFile());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "legacy.nemo",
                "mcore.nemo",
                "untied.nemo",
                "layernorm1p.nemo",
                "bf16-erf.nemo",
                "tp2.nemo",
                "gzip-old-config.nemo"
            })
    void everyArchiveScoresAndContinuesAsInPyTorch(String name) throws IOException {
        Path ids = Files.writeString(folder.resolve("ids.txt"), "3 250 7\n");
        String model = MODELS.resolve(name).toString();
        JsonNode answer = golden.get("models").get(name);

        JsonNode score = json("score", "--model", model, "--ids", "--text", "x=" + ids);
        JsonNode generated = json("generate", "--model", model, "--ids", ids.toString(), "--tokens", "3");

        for (int i = 0; i < 2; i++) {
            assertThat(score.at("/x/token_logprobs/0/" + i).asDouble())
                    .isCloseTo(answer.get("logprobs").get(i).asDouble(), within(FLOAT32_FORWARD));
        }
        assertThat(generated.at("/results/0/token_ids")).isEqualTo(answer.get("greedy"));
        assertThat(generated.at("/results/0/stop").asText()).isEqualTo("length");
    }

    @Test
    void nemosSpellingNeedsNoOptions() throws IOException {
        JsonNode generated = json(
                "generate",
                "gpt_model_file=" + MODELS.resolve("legacy.nemo"),
                "prompts=[a,b]",
                "inference.greedy=True",
                "inference.tokens_to_generate=2",
                "trainer.devices=1");

        assertThat(generated.get("results")).hasSize(2);
        assertThat(generated.at("/results/1/prompt").asText()).isEqualTo("b");
    }

    @Test
    void evalWritesAPageAndDoesNotReplaceItUnasked() throws IOException {
        Path text = Files.writeString(folder.resolve("en.txt"), "fox\ndog\n");
        Path page = folder.resolve("new/report.html");
        String model = MODELS.resolve("legacy.nemo").toString();
        String[] command = {"eval", "--before", model, "--after", model, "--text", "en=" + text, "--out", "" + page};

        json(command);

        assertThat(page).content().contains("English, bits per byte", "two models side by side");
        assertThat(Main.commandLine().execute(command)).isEqualTo(2);
    }

    @Test
    void aModelComparedWithItselfHasMovedNowhere() throws IOException {
        Path text = Files.writeString(folder.resolve("en.txt"), "fox\ndog\n");
        String model = MODELS.resolve("legacy.nemo").toString();

        JsonNode compared = json("eval", "--before", model, "--after", model, "--text", "en=" + text, "--prompt", "a");

        assertThat(compared.at("/base_ids_identical").asBoolean()).isTrue();
        assertThat(compared.at("/step0/verdict").asText()).isEqualTo("PASS");
        assertThat(compared.at("/step0/greedy_agreement").asDouble()).isEqualTo(1);
        assertThat(compared.at("/languages/en/bits_per_byte_before"))
                .isEqualTo(compared.at("/languages/en/bits_per_byte_after"));
        assertThat(compared.at("/samples/0/before")).isEqualTo(compared.at("/samples/0/after"));
    }

    @Test
    void idsHaveNoBytes() throws IOException {
        Path ids = Files.writeString(folder.resolve("ids.txt"), "3 250 7\n");

        JsonNode score = json("score", "--model", "" + LEGACY, "--ids", "--text", "x=" + ids);

        assertThat(score.at("/x/bytes").isNull()).isTrue();
        assertThat(score.at("/x/bits_per_byte").isNull()).isTrue();
        assertThat(score.at("/x/tokens").asInt()).isEqualTo(2);
    }

    @Test
    void aModelThatIsNotFiniteScoresNullAndExitsWithOneNamingTheWeight() throws IOException {
        Path broken = BrokenModels.withNaN(LEGACY, ParameterLayout.WORD_EMBEDDINGS, folder.resolve("broken.nemo"));
        Path text = Files.writeString(folder.resolve("en.txt"), "fox\ndog\n");

        Outcome scored = run("score", "--model", "" + broken, "--text", "en=" + text, "--json");
        Outcome compared =
                run("eval", "--before", "" + LEGACY, "--after", "" + broken, "--text", "en=" + text, "--json");
        Outcome generated = run("generate", "--model", "" + broken, "--prompt", "fox", "--tokens", "2", "--json");

        assertThat(new ObjectMapper().readTree(scored.out()).at("/en/nll").isNull())
                .isTrue();
        assertThat(new ObjectMapper()
                        .readTree(compared.out())
                        .at("/languages/en/bits_per_byte_after")
                        .isNull())
                .isTrue();
        assertThat(List.of(scored.status(), compared.status(), generated.status()))
                .containsOnly(1);
        assertThat(scored.err()).contains("broken.nemo").contains(ParameterLayout.WORD_EMBEDDINGS + " holds NaN");
        assertThat(compared.err()).contains("broken.nemo").contains(ParameterLayout.WORD_EMBEDDINGS + " holds NaN");
        assertThat(generated.err()).contains("prompt 1").contains("not finite");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "score --model legacy.nemo --text en=empty.txt",
                "score --model legacy.nemo --text en=empty.jsonl",
                "score --model legacy.nemo --ids --text en=empty.txt",
                "score --model legacy.nemo --ids --text en=one.txt",
                "eval --before legacy.nemo --after legacy.nemo --text en=empty.txt",
                "eval --before legacy.nemo --after legacy.nemo --text en=empty.jsonl",
                "generate --model legacy.nemo --ids empty.txt",
                "generate --model legacy.nemo --prompts empty.txt",
                "generate gpt_model_file=legacy.nemo prompts=[]"
            })
    void nothingToReadExitsWithTwoNamingIt(String command) throws IOException {
        Files.writeString(folder.resolve("empty.txt"), "");
        Files.writeString(folder.resolve("empty.jsonl"), "{\"text\": \"\"}\n");
        Files.writeString(folder.resolve("one.txt"), "7\n");
        String[] words = command.replace("legacy.nemo", LEGACY.toString())
                .replace("empty.", folder.resolve("empty.").toString())
                .replace("one.txt", folder.resolve("one.txt").toString())
                .split(" ");

        Outcome outcome = run(words);

        assertThat(outcome.status()).isEqualTo(2);
        assertThat(outcome.out()).isEmpty();
        assertThat(outcome.err()).containsAnyOf("empty.", "one.txt", "no prompt");
    }

    @Test
    void anOverrideAfterAPromptIsNoPrompt() {
        Outcome outcome = run("generate", "--model", "" + LEGACY, "--prompt", "hi", "inference.bogus=3");

        assertThat(outcome.status()).isEqualTo(2);
        assertThat(outcome.err()).contains("inference.bogus=3").contains("--prompts FILE");
    }

    @Test
    void aFileOfPromptsMayHoldAnyText() throws IOException {
        Path file = Files.writeString(folder.resolve("prompts.txt"), "a.b=3\nfox\n");

        JsonNode generated = json("generate", "--model", "" + LEGACY, "--prompts", "" + file, "--tokens", "1");

        assertThat(generated.at("/results/0/prompt").asText()).isEqualTo("a.b=3");
        assertThat(generated.get("results")).hasSize(2);
    }

    @Test
    void aPromptThatFillsTheModelIsNotToldToAskForNoTokens() {
        Outcome outcome = run("generate", "--model", "" + LEGACY, "--prompt", "fox ".repeat(100));

        assertThat(outcome.err()).contains("Shorten the prompt").doesNotContain("at most 0");
    }

    @Test
    void aTemperatureHasToBeFinite() {
        Outcome outcome = run("generate", "--model", "" + LEGACY, "--prompt", "fox", "--temperature", "Infinity");

        assertThat(outcome.err()).contains("Infinity, it must be a finite number");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--model legacy.nemo",
                "--model legacy.nemo --prompt a --greedy --top-k 3",
                "--model legacy.nemo --prompt a --tokens 50",
                "--model legacy.nemo --prompt a --dtype fp8",
                "--model legacy.nemo --prompt a --token 3",
                "--model nowhere.nemo --prompt a",
                "gpt_model_file=legacy.nemo --tokens 3",
                "gpt_model_file=legacy.nemo inference.gredy=True",
                "inference.greedy=True"
            })
    void aWrongRequestExitsWithTwo(String arguments) {
        String[] words = ("generate "
                        + arguments.replace(
                                "legacy.nemo", MODELS.resolve("legacy.nemo").toString()))
                .split(" ");

        assertThat(Main.commandLine().execute(words)).isEqualTo(2);
    }

    private record Outcome(int status, String out, String err) {}

    /// On the reference backend.
    private Outcome run(String... arguments) {
        String[] all = Arrays.copyOf(arguments, arguments.length + 2);
        all[arguments.length] = "--backend";
        all[arguments.length + 1] = "reference";
        streams.clear();
        int status = Main.commandLine().execute(all);
        return new Outcome(status, streams.out(), streams.err());
    }

    private JsonNode json(String... arguments) throws IOException {
        String[] all = Arrays.copyOf(arguments, arguments.length + 1);
        all[arguments.length] = "--json";
        Outcome outcome = run(all);
        assertThat(outcome.status()).as(outcome.err()).isZero();
        return new ObjectMapper().readTree(outcome.out());
    }
}
