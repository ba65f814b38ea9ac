package dev.vernacular.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingDataTest {
    private static final TrainingData.Counts COUNTS = new TrainingData.Counts(50, 3, 2);

    @TempDir
    Path folder;

    private String a;
    private String b;

    @BeforeEach
    void writeDatasets() {
        a = folder.resolve("a").toString();
        b = folder.resolve("b").toString();
        Golden.counting(Path.of(a), 9, 8, 7, 6, 5, 4, 3, 2, 1, 9, 8, 7).close();
        Golden.counting(Path.of(b), 30, 20).close();
    }

    @Test
    void aPathAloneIsAListOfOne() {
        try (TrainingData alone = open(a);
                TrainingData list = open(List.of(a))) {
            assertThat(alone.train().orElseThrow().size())
                    .isEqualTo(list.train().orElseThrow().size())
                    .isGreaterThanOrEqualTo(50);
            assertThat(alone.train().orElseThrow().sources()).isEqualTo(1);
            assertThat(alone.validation()).isPresent();
        }
    }

    @Test
    void aBlendOfOneAsksForHalfAPercentMore() {
        try (TrainingData blend = open(List.of(1.0, a))) {
            assertThat(blend.train().orElseThrow()).isInstanceOf(BlendedDataset.class);
            assertThat(blend.train().orElseThrow().size()).isEqualTo(50);
        }
    }

    @Test
    void weightsAreNumbersOrText() {
        Map<String, Object> map = map(List.of("3", a, 1, b), List.of(b), List.of());
        try (TrainingData data = open(map)) {
            SampleSource train = data.train().orElseThrow();
            int[] taken = new int[2];
            for (int i = 0; i < train.size(); i++) {
                taken[train.sourceOf(i)]++;
            }

            assertThat(taken).containsExactly(37, 13);
            assertThat(train.nameOf(1)).isEqualTo(b);
            assertThat(data.test()).isEmpty();
        }
    }

    @Test
    void aBlendReadsEachDatasetInItsOwnOrder() {
        try (TrainingData data = open(map(List.of(0.5, a, 0.5, b), List.of(), List.of()));
                IndexedDataset second = IndexedDataset.open(Path.of(b))) {
            GptDataset alone = new GptDataset(second, 26, 4, 1234);
            int[] blended = new int[5];
            int[] own = new int[5];
            data.train().orElseThrow().read(3, blended);
            alone.read(1, own);

            assertThat(blended).containsExactly(own);
        }
    }

    @Test
    void whatIsNotWantedIsNotBuilt() {
        try (TrainingData data =
                TrainingData.open(DataPrefix.parse(a), "1,0,0", 4, 1234, new TrainingData.Counts(1, 5, 0))) {
            assertThat(data.validation()).isEmpty();
            assertThat(data.test()).isEmpty();
        }
    }

    @Test
    void wrongFormsAreRefusedNamingTheKey() {
        assertWrong(List.of(a, b), "'" + a + "' is no weight");
        assertWrong(List.of(1, a, 2), "it has 3 entries");
        assertWrong(List.of(), "it has 0 entries");
        assertWrong(List.of(0, a, 1, b), "0 is no weight above 0");
        assertWrong(List.of(1, a, "NaN", b), "NaN is no weight");
        assertWrong(7, "is 7, expected a path");
        assertWrong(Map.of("train", List.of(a)), "no key 'validation'");
        assertWrong(map(List.of(1, 2), List.of(), List.of()), "data_prefix.train: 2 is no path");
        Map<String, Object> unknown = map(List.of(a), List.of(), List.of());
        unknown.put("val", List.of(a));
        assertWrong(unknown, "unknown key 'val'");
    }

    @Test
    void aMissingDatasetIsRefusedByName() {
        assertWrong(List.of(0.5, a, 0.5, folder + "/none"), "none.idx does not exist");
    }

    private void assertWrong(Object prefix, String message) {
        assertThatThrownBy(() -> open(prefix).close())
                .isInstanceOf(DataException.class)
                .hasMessageContaining(message);
    }

    private static TrainingData open(Object prefix) {
        return TrainingData.open(DataPrefix.parse(prefix), "8,2,2", 4, 1234, COUNTS);
    }

    private static Map<String, Object> map(Object train, Object validation, Object test) {
        return new HashMap<>(Map.of("train", train, "validation", validation, "test", test));
    }
}
