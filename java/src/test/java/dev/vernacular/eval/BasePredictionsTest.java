package dev.vernacular.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.vernacular.kernels.Backend;
import dev.vernacular.kernels.Backends;
import dev.vernacular.model.GptConfig;
import dev.vernacular.model.ParameterLayout;
import dev.vernacular.model.TinyModel;
import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.tokenizer.Vocabulary;
import dev.vernacular.tokenizer.pieces.PreTokenizer;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

class BasePredictionsTest {
    private static final List<String> TEXTS = List.of("the quick brown fox", "jumps", "over the lazy dog again");
    private static final Tokenizer BASE = Tokenizer.load(Path.of("src/test/resources/golden/tokenizer/gpt2"));

    @AutoClose
    private final Backend backend = Backends.open("reference", 1, Optional.empty());

    @Test
    void aModelAgreesWithItself() {
        Scorer one = scorer(BASE.size(), 0);
        Scorer other = scorer(BASE.size(), 0);

        Agreement agreement = agreement(one, other, BASE);

        assertThat(agreement.positions()).isGreaterThan(10);
        assertThat(agreement.klBaseIds()).isCloseTo(0, within(1e-12));
        assertThat(agreement.greedy()).isEqualTo(1);
        assertThat(agreement.newIdMass()).isZero();
    }

    @Test
    void newRowsTakeMassButDoNotMoveTheBaseIds() {
        Tokenizer extended = extended(40);
        Scorer base = scorer(BASE.size(), 0);
        Scorer expanded = scorer(extended.size(), 0);

        Agreement agreement = agreement(base, expanded, extended);

        // Rows of zeros have logit 0 each; 40 of them beside 1001.
        assertThat(agreement.newIdMass()).isBetween(0.0005, 0.2);
        assertThat(agreement.klBaseIds()).isCloseTo(0, within(1e-12));
    }

    @Test
    void anotherModelDisagrees() {
        Agreement agreement = agreement(scorer(BASE.size(), 0), scorer(BASE.size(), 1), BASE);

        assertThat(agreement.klBaseIds()).isGreaterThan(0.01);
        assertThat(agreement.greedy()).isLessThan(1);
    }

    @Test
    void aSmallerTokenizerIsNoExtension() {
        Tokenizer extended = extended(40);

        BasePredictions larger = BasePredictions.of(TEXTS, scorer(extended.size(), 0), extended, backend);

        assertThatThrownBy(() -> larger.compare(scorer(BASE.size(), 0), BASE, backend))
                .isInstanceOf(EvalException.class)
                .hasMessageContaining("not an extension");
    }

    @Test
    void bothModelsScoreTheTextsAsTheScorerDoes() {
        Scorer base = scorer(BASE.size(), 0);
        Scorer later = scorer(BASE.size(), 1);

        BasePredictions predictions = BasePredictions.of(TEXTS, base, BASE, backend);

        assertScore(predictions.score(), base.score(TEXTS, BASE));
        assertScore(predictions.compare(later, BASE, backend).score(), later.score(TEXTS, BASE));
    }

    private static void assertScore(Score found, Score wanted) {
        assertThat(found.tokens()).isEqualTo(wanted.tokens());
        assertThat(found.bytes()).isEqualTo(wanted.bytes());
        assertThat(found.nll()).isCloseTo(wanted.nll(), within(1e-9));
    }

    @Test
    void thaiWordsAreFoundWithoutSpaces() {
        Fertility fertility = Fertility.of(List.of("ประเทศไทยมีเมืองหลวง"), "th", BASE);

        assertThat(fertility.words()).isBetween(3L, 6L);
        assertThat(fertility.tokensPerWord()).isEqualTo((double) fertility.tokens() / fertility.words());
    }

    private Agreement agreement(Scorer base, Scorer later, Tokenizer extended) {
        return BasePredictions.of(TEXTS, base, BASE, backend)
                .compare(later, extended, backend)
                .agreement();
    }

    /// The tiny model with `rows` token rows: the first as in every other, those the base lacks zero.
    private Scorer scorer(int rows, int shift) {
        GptConfig config = TinyModel.config().withPaddedVocabularySize(rows);
        return new Scorer(config, flat -> fill(config, flat, shift), backend);
    }

    private static void fill(GptConfig config, MemorySegment flat, int shift) {
        TinyModel.random(flat);
        ParameterLayout.Parameter table = new ParameterLayout(config).get(ParameterLayout.WORD_EMBEDDINGS);
        for (long i = 0; i < table.elements(); i++) {
            float value = i < (long) BASE.size() * table.cols() ? (float) Math.sin(i + shift) : 0f;
            flat.setAtIndex(ValueLayout.JAVA_FLOAT, table.offset() + i, value);
        }
    }

    private static Tokenizer extended(int more) {
        Vocabulary base = BASE.vocabulary();
        List<String> tokens = Stream.concat(
                        base.tokens().stream(), IntStream.range(0, more).mapToObj(i -> "extra" + i))
                .toList();
        return Tokenizer.of(new Vocabulary(tokens, base.merges(), base.added(), PreTokenizer.GPT2));
    }
}
