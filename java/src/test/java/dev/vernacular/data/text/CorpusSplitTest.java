package dev.vernacular.data.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CorpusSplitTest {
    @TempDir
    Path folder;

    @Test
    void thePartsHaveExactlyTheirSharesAndTogetherAreTheInput() throws IOException {
        Path file = numbered(997);

        CorpusSplit.Result result = split("out", 7, List.of(0.8, 0.15, 0.05), false, file);

        assertThat(result).isEqualTo(new CorpusSplit.Result(798, 149, 50, 0));
        List<String> all = new ArrayList<>();
        for (String name : List.of("train.jsonl", "val.jsonl", "test.jsonl")) {
            List<String> part = lines("out", name);
            assertThat(part).isSortedAccordingTo((a, b) -> Integer.compare(number(a), number(b)));
            all.addAll(part);
        }
        assertThat(all).containsExactlyInAnyOrderElementsOf(Files.readAllLines(file));
    }

    @Test
    void theSameSeedGivesTheSameFilesAndAnotherDoesNot() throws IOException {
        Path file = numbered(200);
        split("a", 1, List.of(1.0, 1.0, 1.0), false, file);
        split("b", 1, List.of(1.0, 1.0, 1.0), false, file);
        split("c", 2, List.of(1.0, 1.0, 1.0), false, file);

        assertThat(lines("a", "val.jsonl")).isEqualTo(lines("b", "val.jsonl")).isNotEqualTo(lines("c", "val.jsonl"));
    }

    @Test
    void aSmallCorpusStillGivesEachPartADocument() {
        assertThat(CorpusSplit.counts(List.of(0.98, 0.01, 0.01), 5)).containsExactly(3, 1, 1);
        assertThat(CorpusSplit.counts(List.of(0.98, 0.01, 0.01), 1)).containsExactly(1, 0, 0);
        assertThat(CorpusSplit.counts(List.of(1.0, 0.0, 1.0), 7)).containsExactly(4, 0, 3);
    }

    @Test
    void plainTextBecomesJson() throws IOException {
        Path file = Files.writeString(folder.resolve("a.txt"), "say \"ก\"\n");

        split("out", 1, List.of(1.0, 0.0, 0.0), false, file);

        assertThat(lines("out", "train.jsonl")).containsExactly("{\"text\":\"say \\\"ก\\\"\"}");
        assertThat(lines("out", "val.jsonl")).isEmpty();
    }

    @Test
    void copiesAreLeftOutOnRequest() throws IOException {
        Path file =
                Files.writeString(folder.resolve("a.jsonl"), "{\"text\":\"x\"}\n{\"text\":\"x\"}\n{\"text\":\"y\"}\n");

        assertThat(split("out", 1, List.of(1.0, 1.0, 0.0), true, file)).isEqualTo(new CorpusSplit.Result(1, 1, 0, 1));
    }

    @Test
    void aBadLineIsRefusedAndNothingIsWritten() throws IOException {
        Path file = Files.writeString(folder.resolve("a.jsonl"), "{\"text\":\"x\"}\n{\"tekst\":\"x\"}\n");

        assertThatThrownBy(() -> split("out", 1, List.of(1.0, 1.0, 0.0), false, file))
                .hasMessageContaining(file + ":2: the object has no key 'text'");
        assertThat(folder.resolve("out")).doesNotExist();
    }

    @Test
    void anEmptyInputAndWrongRatiosAreRefused() throws IOException {
        Path file = Files.writeString(folder.resolve("a.jsonl"), "");

        assertThatThrownBy(() -> split("out", 1, List.of(1.0, 1.0, 0.0), false, file))
                .hasMessageContaining("no documents");
        assertThatThrownBy(() -> split("out", 1, List.of(1.0, 1.0), false, file))
                .hasMessageContaining("[1.0, 1.0]");
        assertThatThrownBy(() -> split("out", 1, List.of(1.0, -1.0, Double.NaN), false, file))
                .hasMessageContaining("the ratios are");
    }

    private CorpusSplit.Result split(String out, long seed, List<Double> ratios, boolean dedup, Path file) {
        return CorpusSplit.run(
                new CorpusSplit.Options(List.of(file), folder.resolve(out), "text", ratios, seed, dedup, false));
    }

    private Path numbered(int count) throws IOException {
        return Files.writeString(
                folder.resolve("n.jsonl"),
                IntStream.range(0, count)
                        .mapToObj(i -> "{\"id\": " + i + ", \"text\": \"t\"}\n")
                        .collect(Collectors.joining()));
    }

    private List<String> lines(String out, String name) throws IOException {
        return Files.readAllLines(folder.resolve(out).resolve(name));
    }

    private static int number(String line) {
        return Integer.parseInt(line.replaceAll("\\D", ""));
    }
}
