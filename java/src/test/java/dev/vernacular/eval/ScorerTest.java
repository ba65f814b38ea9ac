package dev.vernacular.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.vernacular.files.DocumentReader;
import dev.vernacular.kernels.Backend;
import dev.vernacular.kernels.Backends;
import dev.vernacular.model.GoldenModel;
import dev.vernacular.model.TinyModel;
import dev.vernacular.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScorerTest {
    private static final float FLOAT32_FORWARD = 2e-5f;
    private static final Tokenizer TOKENIZER = Tokenizer.load(Path.of("src/test/resources/golden/tokenizer/gpt2"));

    @AutoClose
    private final Backend backend = Backends.open("reference", 1, Optional.empty());

    @ParameterizedTest
    @ValueSource(strings = {"tied", "untied_erf_layernorm1p", "rotary"})
    void logProbabilitiesAreThoseOfTransformers(String name) {
        GoldenModel golden = GoldenModel.read(name);
        Scorer scorer = new Scorer(golden.config(), golden::fill, backend);

        List<float[]> logprobs = scorer.logprobs(List.of(golden.ids()));

        for (int i = 0; i < 2; i++) {
            double[] wanted = golden.logprobs(i);
            for (int t = 0; t < wanted.length; t++) {
                assertThat(logprobs.get(i)[t]).isCloseTo((float) wanted[t], within(FLOAT32_FORWARD));
            }
        }
    }

    @Test
    void aSequencePackedBesideOthersIsScoredAsAlone() {
        Scorer scorer = tiny();
        List<int[]> sequences = List.of(new int[] {1, 2, 3}, new int[] {4}, new int[] {5, 6, 7, 8}, new int[0]);

        List<float[]> together = scorer.logprobs(sequences);

        assertThat(together.get(1)).isEmpty();
        assertThat(together.get(3)).isEmpty();
        assertThat(together.get(0))
                .containsExactly(scorer.logprobs(sequences.subList(0, 1)).getFirst());
        assertThat(together.get(2))
                .containsExactly(scorer.logprobs(sequences.subList(2, 3)).getFirst());
    }

    @Test
    void aLongSequenceIsScoredInWindowsThatBeginHalfAContextApart() {
        Scorer scorer = tiny();
        int[] ids = IntStream.range(0, 14).map(i -> (5 * i * i + 1) % 40).toArray();

        float[] whole = scorer.logprobs(List.<int[]>of(ids)).getFirst();

        // Context 7, stride 3: tokens 1-7 from 0, 8-10 from 3, 11-13 from 6.
        float[] second =
                scorer.logprobs(List.<int[]>of(Arrays.copyOfRange(ids, 3, 11))).getFirst();
        float[] third =
                scorer.logprobs(List.<int[]>of(Arrays.copyOfRange(ids, 6, 14))).getFirst();
        assertThat(Arrays.copyOfRange(whole, 7, 10)).containsExactly(Arrays.copyOfRange(second, 4, 7));
        assertThat(Arrays.copyOfRange(whole, 10, 13)).containsExactly(Arrays.copyOfRange(third, 4, 7));
    }

    @Test
    void everyTokenButTheFirstCountsOnce() {
        for (int length = 0; length < 40; length++) {
            int[] counted = new int[length + 1];
            for (Window window : Window.over(0, new int[length], 7)) {
                assertThat(window.length()).isLessThanOrEqualTo(7);
                for (int target = window.firstTarget(); target <= window.end(); target++) {
                    counted[target]++;
                }
            }
            assertThat(IntStream.range(1, length).map(i -> counted[i])).allMatch(count -> count == 1);
        }
    }

    @Test
    void aDocumentStartsWithEndOfTextAndIsAsLongAsItsBytes(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("texts.txt"), "hé\n\nworld\n");
        Scorer scorer = tiny();
        int[] first = Scorer.sequence("hé", TOKENIZER);
        int[] second = Scorer.sequence("world", TOKENIZER);

        Score score = scorer.score(DocumentReader.open(List.of(file), "text"), TOKENIZER);

        double nll = 0;
        for (float[] logprobs : scorer.logprobs(List.of(first, second))) {
            for (float logprob : logprobs) {
                nll -= logprob;
            }
        }
        assertThat(first[0]).isEqualTo(TOKENIZER.endOfText());
        assertThat(score.bytes()).isEqualTo(8);
        assertThat(score.tokens()).isEqualTo(first.length + second.length - 2L);
        assertThat(score.nll()).isEqualTo(nll);
        assertThat(score.bitsPerByte()).isCloseTo(nll / Math.log(2) / 8, within(1e-12));
    }

    @Test
    void anIdThatTheModelLacksIsRefusedNamingTheSequence() {
        assertThatThrownBy(() -> tiny().logprobs(List.of(new int[] {1, 2}, new int[] {9999})))
                .isInstanceOf(EvalException.class)
                .hasMessageContaining("sequence 2")
                .hasMessageContaining("9999");
    }

    @Test
    void aTokenizerLargerThanTheModelIsRefusedWithBothSizes() {
        Scorer scorer = new Scorer(TinyModel.config(), TinyModel::random, backend);

        assertThatThrownBy(() -> scorer.score(List.of("a"), TOKENIZER))
                .isInstanceOf(EvalException.class)
                .hasMessageContaining("1001 tokens")
                .hasMessageContaining("13 rows");
    }

    private Scorer tiny() {
        return new Scorer(TinyModel.config().withPaddedVocabularySize(1040), TinyModel::random, backend);
    }
}
