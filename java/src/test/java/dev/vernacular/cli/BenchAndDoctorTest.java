package dev.vernacular.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BenchAndDoctorTest {
    private static final String TINY = "--layers 1 --hidden 8 --heads 2 --vocab 20 --seq 5 --backend reference";

    @TempDir
    Path folder;

    private final PrintStream stdout = System.out;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    @BeforeEach
    void capture() {
        System.setOut(new PrintStream(out, true, UTF_8));
    }

    @AfterEach
    void release() {
        System.setOut(stdout);
    }

    @Test
    void generateCountsEveryTokenOfTheBatch() throws IOException {
        assertThat(run("bench generate --batch 3 --steps 4 --json " + TINY)).isZero();

        JsonNode line = json();
        double median = line.at("/ms_per_step/median").asDouble();
        assertThat(line.get("tokens_per_s").asDouble() * median / 1e3).isBetween(2.99, 3.01);
        assertThat(line.at("/ms_per_step/min").asDouble()).isPositive().isLessThanOrEqualTo(median);
        // Tables [20,8] and [9,8]; two norms, qkv, projection, up and down with their biases; the last norm.
        assertThat(line.get("parameters").asInt()).isEqualTo(20 * 8 + 9 * 8 + 32 + 216 + 72 + 288 + 264 + 16);
    }

    @Test
    void tokenizeCountsBytesAndTokensOfTheInput() throws IOException {
        Path text = Files.writeString(folder.resolve("text"), "ab ab ab\nab ไทย\n");

        assertThat(run("bench tokenize --json --threads 2 --steps 2 --input " + text))
                .isZero();

        JsonNode line = json();
        assertThat(line.get("bytes").asInt()).isEqualTo(8 + 12);
        assertThat(line.get("mb_per_s").asDouble()).isPositive();
        assertThat(line.get("vocabulary_size").asInt()).isGreaterThan(257);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "bench",
                "bench train --heads 7",
                "bench train --steps 0",
                "bench train --precision fp8",
                "bench generate --seq 0",
                "bench generate --precision fp8",
                "bench tokenize",
                "bench tokenize --input nowhere.txt",
                "doctor --nope"
            })
    void aWrongRequestExitsWithTwo(String line) {
        assertThat(run(line)).isEqualTo(2);
    }

    @Test
    void doctorHasTheKeysOfTheContract() throws IOException {
        assertThat(run("doctor --json")).isZero();

        JsonNode doctor = json();
        assertThat(doctor.at("/java/version").asText()).isNotEmpty();
        assertThat(doctor.at("/cpu/threads").asInt()).isPositive();
        assertThat(doctor.get("backends").fieldNames())
                .toIterable()
                .containsExactly("cuda", "cpu", "cuda-emulated", "reference");
        assertThat(doctor.get("backends"))
                .allSatisfy(state -> assertThat(state.fieldNames())
                        .toIterable()
                        .containsExactly("available", "why", "library", "features"));
        assertThat(doctor.get("cuda").has("driver")).isTrue();
        assertThat(doctor.get("cuda").get("devices").isArray()).isTrue();
        assertThat(doctor.get("cuda").has("cublas")).isTrue();
        assertThat(doctor.at("/cuda/layers").fieldNames())
                .toIterable()
                .containsExactly("driver", "devices", "kernels", "cublaslt", "jcuda", "jcublas");
        assertThat(doctor.at("/cuda/layers"))
                .allSatisfy(layer -> assertThat(layer.get("what").asText()).isNotEmpty());
    }

    private static int run(String line) {
        return Main.commandLine().execute(line.split(" "));
    }

    private JsonNode json() throws IOException {
        assertThat(out.toString(UTF_8).lines()).hasSize(1);
        return new ObjectMapper().readTree(out.toString(UTF_8));
    }
}
