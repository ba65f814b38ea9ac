package dev.vernacular.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vernacular.checkpoint.BrokenModels;
import dev.vernacular.checkpoint.Golden;
import dev.vernacular.model.ParameterLayout;
import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.tokenizer.Vocabulary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class ModelCommandsTest {
    private static final String LEGACY = Golden.path("legacy.nemo").toString();

    @RegisterExtension
    private final CapturedStreams streams = new CapturedStreams();

    @TempDir
    private Path folder;

    private static int run(String... arguments) {
        return Main.commandLine().execute(arguments);
    }

    private JsonNode json() throws IOException {
        return new ObjectMapper().readTree(streams.out());
    }

    @Test
    void expandReportsTheKeysOfTheContract() throws IOException {
        String tokenizer = Golden.path("hf").toString();
        String target = folder.resolve("out.nemo").toString();

        int status = run(
                "expand",
                "--model",
                LEGACY,
                "--tokenizer",
                tokenizer,
                "--output",
                target,
                "--init",
                "zero",
                "--divisible-by",
                "128",
                "--no-check",
                "--json");

        assertThat(status).isZero();
        assertThat(json().toString())
                .isEqualTo(
                        "{\"tokenizer_size_before\":259,\"tokenizer_size_after\":259,\"rows_before\":260,"
                                + "\"rows_after\":384,\"divisor\":128,\"rows_initialised\":124,\"init\":\"zero\",\"tied\":true}");
    }

    /// The golden tokenizer with one token more.
    private String merged() {
        Vocabulary base = Tokenizer.load(Golden.path("hf")).vocabulary();
        List<String> tokens = new ArrayList<>(base.tokens());
        List<Vocabulary.Merge> merges = new ArrayList<>(base.merges());
        tokens.add("à¸ģ");
        merges.add(new Vocabulary.Merge("à¸", "ģ"));
        Path out = folder.resolve("merged");
        Tokenizer.of(new Vocabulary(tokens, merges, base.added(), base.preTokenizer()))
                .save(out, false);
        return out.toString();
    }

    private int expand(String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "expand",
                "--model",
                LEGACY,
                "--tokenizer",
                merged(),
                "--output",
                folder.resolve("out.nemo").toString(),
                "--backend",
                "reference"));
        arguments.addAll(List.of(more));
        return run(arguments.toArray(String[]::new));
    }

    @Test
    void expandChecksOnBuiltInTextWhatItWrote() throws IOException {
        assertThat(expand("--json")).isZero();

        JsonNode step0 = json().path("step0");
        assertThat(step0.fieldNames())
                .toIterable()
                .containsExactly(
                        "bits_per_byte_base",
                        "bits_per_byte_expanded",
                        "new_token_mass",
                        "greedy_agreement",
                        "kl_base_ids",
                        "verdict");
        assertThat(step0.path("verdict").asText()).isEqualTo("PASS");
        assertThat(step0.path("new_token_mass").asDouble()).isBetween(1e-4, 0.01);
        assertThat(step0.path("kl_base_ids").asDouble()).isBetween(-1e-6, 1e-6);
    }

    @Test
    void expandChecksOnTheTextThatItIsGiven() throws IOException {
        Path text = Files.writeString(folder.resolve("text.txt"), "One line.\nAnother.\n");

        assertThat(expand("--text", "de=" + text)).isZero();

        assertThat(streams.out())
                .contains("bit-identical")
                .containsPattern("checked on +de: 16 tokens, 17 bytes")
                .containsPattern("verdict +PASS");
    }

    @Test
    void expandIsCheckedOnOneLanguage() throws IOException {
        Path text = Files.writeString(folder.resolve("text.txt"), "One line.\n");

        assertThat(expand("--text", "de=" + text, "en=" + text)).isEqualTo(2);

        assertThat(streams.err()).contains("de, en");
        assertThat(folder.resolve("out.nemo")).doesNotExist();
    }

    @Test
    void expandWithABackendThatIsNotThereWritesNothing() {
        String out = folder.resolve("out.nemo").toString();

        int status = run("expand", "--model", LEGACY, "--tokenizer", merged(), "--output", out, "--backend", "quantum");

        assertThat(status).isEqualTo(2);

        assertThat(streams.err()).contains("quantum");
        assertThat(folder.resolve("out.nemo")).doesNotExist();
    }

    @Test
    void expandWithNothingToAddSaysSo() {
        String target = folder.resolve("out.nemo").toString();

        run("expand", "--model", LEGACY, "--tokenizer", Golden.path("hf").toString(), "--output", target, "--no-check");

        assertThat(streams.out()).startsWith("nothing to add");
    }

    @Test
    void anUnknownMethodIsRefusedNamingThoseThereAre() {
        int status = run("expand", "--model", LEGACY, "--tokenizer", "x", "--output", "y", "--init", "magic");

        assertThat(status).isEqualTo(2);
        assertThat(streams.err()).contains("magic").contains("subtoken, zero, normal, mean, mean-cov");
    }

    @Test
    void convertGoesToHuggingFaceAndBack() throws IOException {
        String hf = folder.resolve("hf").toString();
        String back = folder.resolve("back.nemo").toString();

        assertThat(run("convert", LEGACY, hf)).isZero();
        assertThat(run("convert", hf, back)).isZero();
        assertThat(run("convert", hf, back)).isEqualTo(2);

        assertThat(streams.err()).contains("exists already").contains("--force");
        assertThat(Golden.values(Path.of(back)))
                .usingRecursiveComparison()
                .isEqualTo(Golden.values(Golden.path("legacy.nemo")));
    }

    @Test
    void aConversionThatFailsLeavesNoFolder() throws IOException {
        Path damaged = BrokenModels.withFlippedBit(
                Golden.path("legacy.nemo"), ParameterLayout.WORD_EMBEDDINGS, folder.resolve("damaged.nemo"));

        int status = run("convert", damaged.toString(), folder.resolve("hf").toString());

        assertThat(status).isEqualTo(2);
        assertThat(streams.err()).contains("damaged.nemo").contains(ParameterLayout.WORD_EMBEDDINGS);
        assertThat(Files.list(folder)).containsExactly(damaged);
    }

    @Test
    void anUnknownFormatWritesNothing() throws IOException {
        int status = run("convert", LEGACY, folder.resolve("x.onnx").toString(), "--to", "onnx");

        assertThat(status).isEqualTo(2);
        assertThat(streams.err()).contains("onnx").contains("nemo-mcore");
        assertThat(Files.list(folder)).isEmpty();
    }

    @Test
    void inspectKnowsModelsTokenizersAndFailures() throws IOException {
        assertThat(run("inspect", LEGACY, "--json", "--tensors")).isZero();
        assertThat(json().path("padding_rows").asInt()).isEqualTo(1);
        assertThat(json().path("tensors").path(0).path("shape").path(0).asInt()).isEqualTo(260);

        assertThat(run("inspect", Golden.path("lightning/tokenizer").toString()))
                .isZero();
        assertThat(streams.out()).contains("tokenizer");

        assertThat(run("inspect", folder.resolve("none").toString())).isEqualTo(2);
        assertThat(streams.err()).contains("none").contains("no such file");
    }
}
