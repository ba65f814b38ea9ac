package dev.vernacular.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// `generate`, `score` and `eval` on archives that NeMo's layout allows, against PyTorch.
class GenerateAndScoreTest {
    private static final double FLOAT32_FORWARD = 1e-5;
    private static final Path MODELS = Path.of("src/test/resources/golden/checkpoint");

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

    private static JsonNode json(String... arguments) throws IOException {
        String[] all = Arrays.copyOf(arguments, arguments.length + 3);
        all[arguments.length] = "--json";
        all[arguments.length + 1] = "--backend";
        all[arguments.length + 2] = "reference";
        PrintStream before = System.out;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        try {
            assertThat(Main.commandLine().execute(all)).isZero();
        } finally {
            System.setOut(before);
        }
        return new ObjectMapper().readTree(out.toString(StandardCharsets.UTF_8));
    }
}
