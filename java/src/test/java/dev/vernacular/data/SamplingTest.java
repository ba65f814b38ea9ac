package dev.vernacular.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class SamplingTest {
    @TempDir
    static Path shared;

    private static IndexedDataset all;

    @TempDir
    Path folder;

    static Stream<JsonNode> orders() throws IOException {
        return Golden.sampling().get("orders").valueStream();
    }

    static Stream<JsonNode> blends() throws IOException {
        return Golden.sampling().get("blends").valueStream();
    }

    @BeforeAll
    static void writeTheDocumentsOfAllCases() throws IOException {
        int[] lengths = orders().flatMapToInt(c -> Arrays.stream(Golden.ints(c.get("sizes"))))
                .toArray();
        all = Golden.counting(shared.resolve("d"), lengths);
    }

    @AfterAll
    static void close() {
        all.close();
    }

    @ParameterizedTest
    @MethodSource("orders")
    void theThreeIndicesAreMegatrons(JsonNode golden) throws IOException {
        int before = documentsBefore(golden);

        SampleOrder order = dataset(golden).order();

        assertThat(Arrays.stream(order.documents()).map(d -> d - before))
                .containsExactly(boxed(golden.get("documents")));
        assertThat(order.positions()).containsExactly(Golden.ints(golden.get("positions")));
        assertThat(order.offsets()).containsExactly(Golden.ints(golden.get("offsets")));
        assertThat(order.shuffle()).containsExactly(Golden.ints(golden.get("shuffle")));
    }

    @ParameterizedTest
    @MethodSource("orders")
    void everySampleIsItsStretchOfTheRowOfDocuments(JsonNode golden) throws IOException {
        GptDataset samples = dataset(golden);
        int[] row = Arrays.stream(samples.order().documents())
                .flatMap(d -> Arrays.stream(all.read(d)))
                .toArray();
        int length = samples.sequenceLength();
        int[] tokens = new int[length + 1];
        for (int i = 0; i < samples.size(); i++) {
            samples.read(i, tokens);

            int start = samples.order().shuffle()[i] * length;
            assertThat(tokens).containsExactly(Arrays.copyOfRange(row, start, start + length + 1));
        }
    }

    @ParameterizedTest
    @MethodSource("blends")
    void aBlendIsMegatrons(JsonNode golden) {
        double[] weights = golden.get("weights")
                .valueStream()
                .mapToDouble(JsonNode::doubleValue)
                .toArray();
        double sum = DoubleStream.of(weights).sum();
        double[] shares = DoubleStream.of(weights).map(w -> w / sum).toArray();
        int size = golden.get("size").intValue();
        GptDataset part = new GptDataset(all, size, 3, 1);

        BlendedDataset blend = new BlendedDataset(Collections.nCopies(weights.length, part), shares, size);

        assertThat(IntStream.range(0, size).map(blend::sourceOf)).containsExactly(boxed(golden.get("part")));
        assertThat(IntStream.range(0, size).map(i -> (int) blend.sampleOf(i)))
                .containsExactly(boxed(golden.get("sample")));
    }

    @ParameterizedTest
    @CsvSource({
        "'900,50,50', 40, 0 36 38 40",
        "'900,50,50', 3, 0 3 3 3",
        "'0.5, 0.5', 5, 0 2 5 5",
        "'8,1,1', 25, 0 20 22 25",
        "'1', 7, 0 7 7 7",
    })
    void aSplitHasMegatronsEdges(String shares, int sequences, String edges) {
        int[] lengths = new int[sequences];
        Arrays.fill(lengths, 1);
        try (IndexedDataset dataset = Golden.counting(folder.resolve("d"), lengths)) {
            List<Split> parts = Split.parts(shares, dataset);

            assertThat(parts.get(0).first() + " " + parts.get(0).end() + " "
                            + parts.get(1).end() + " " + parts.get(2).end())
                    .isEqualTo(edges);
            assertThat(parts.get(2).first()).isEqualTo(parts.get(1).end());
        }
    }

    @Test
    void sharesThatAreNoNumbersAreRefused() {
        try (IndexedDataset dataset = Golden.counting(folder.resolve("d"), 1)) {
            for (String shares : List.of("", "a,b,c", "1,2,3,4", "0,0,0", "-1,2,3", "NaN,1,1", "Infinity,1,1")) {
                assertThatThrownBy(() -> Split.parts(shares, dataset)).hasMessageContaining("splits_string");
            }
        }
    }

    @Test
    void aDatasetWithoutTokensIsRefused() {
        try (IndexedDataset dataset = Golden.counting(folder.resolve("d"))) {
            assertThatThrownBy(() -> new GptDataset(dataset, 1, 4, 1234)).hasMessageContaining("hold no tokens");
        }
    }

    @Test
    void moreSamplesThanAnArrayHoldsAreRefused() {
        try (IndexedDataset dataset = Golden.counting(folder.resolve("d"), 3)) {
            assertThatThrownBy(() -> new GptDataset(dataset, 1L << 31, 1, 1234))
                    .isInstanceOf(DataException.class)
                    .hasMessageContaining("samples, at most");
        }
    }

    private static GptDataset dataset(JsonNode golden) throws IOException {
        int before = documentsBefore(golden);
        Split split = new Split(
                before + golden.get("first").intValue(),
                before + golden.get("end").intValue());
        return new GptDataset(
                all,
                split,
                golden.get("samples").intValue(),
                golden.get("sequence_length").intValue(),
                golden.get("seed").longValue());
    }

    /// Where the documents of a case begin among those of all cases.
    private static int documentsBefore(JsonNode golden) throws IOException {
        return orders().takeWhile(c -> !c.equals(golden))
                .mapToInt(c -> c.get("sizes").size())
                .sum();
    }

    private static Integer[] boxed(JsonNode list) {
        return Arrays.stream(Golden.ints(list)).boxed().toArray(Integer[]::new);
    }
}
