package dev.vernacular.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vernacular.cuda.EmulatedDriver;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// `generate` on the CUDA kernels, a step being one graph, chooses what the reference chooses.
@Tag("native")
class CudaGenerationTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--greedy",
                "--temperature 0.9 --repetition-penalty 1.3 --seed 2",
                "--temperature 0.8 --top-k 20 --seed 5"
            })
    void tokensAreThoseOfTheReference(String sampling) throws IOException {
        Path ids = Files.writeString(folder.resolve("ids.txt"), "3 250 7\n9\n");
        String model = Path.of("src/test/resources/golden/train/tied.nemo").toString();
        String line = "generate --model " + model + " --ids " + ids + " --tokens 4 --json " + sampling;
        new EmulatedDriver().close();
        long launches = EmulatedDriver.calls("cuGraphLaunch");

        JsonNode got = json(line + " --backend cuda-emulated");

        JsonNode want = json(line + " --backend reference");
        assertThat(got.get("results")).hasSize(2);
        for (int i = 0; i < 2; i++) {
            assertThat(got.at("/results/" + i + "/token_ids")).isEqualTo(want.at("/results/" + i + "/token_ids"));
        }
        assertThat(EmulatedDriver.calls("cuGraphLaunch")).isEqualTo(launches + 3);
    }

    private static JsonNode json(String line) throws IOException {
        PrintStream before = System.out;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        try {
            assertThat(Main.commandLine().execute(line.split(" "))).isZero();
        } finally {
            System.setOut(before);
        }
        return new ObjectMapper().readTree(out.toString(StandardCharsets.UTF_8));
    }
}
