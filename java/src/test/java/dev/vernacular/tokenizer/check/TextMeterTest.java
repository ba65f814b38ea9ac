package dev.vernacular.tokenizer.check;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.tokenizer.merge.Guard;
import dev.vernacular.tokenizer.merge.TokenizerMerger;
import dev.vernacular.tokenizer.pieces.PreTokenizer;
import dev.vernacular.tokenizer.training.BpeTrainer;
import dev.vernacular.tokenizer.training.TrainingSettings;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class TextMeterTest {
    private final Tokenizer bytes = trained("x");
    private final Tokenizer words = trained("ab ab ab cd cd");
    private final Tokenizer merged = TokenizerMerger.merge(bytes, words, new Guard.None(), PreTokenizer.GPT2)
            .tokenizer();

    @Test
    void fertilityIsTokensPerCharacterByteAndWord() {
        TextMeter meter = new TextMeter(bytes, merged, "en");

        meter.add("ab é, cd");
        TextCheck check = meter.result();

        assertThat(check.words()).isEqualTo(3);
        assertThat(check.characters()).isEqualTo(8);
        assertThat(check.base()).isEqualTo(new TextCheck.Fertility(9, 9 / 8.0, 1, 3));
        assertThat(check.merged().tokens()).isEqualTo(6); // ab, space, two bytes, comma, space cd
        assertThat(check.roundTrip()).isTrue();
    }

    @Test
    void driftIsTheShareOfBaseTokensThatAreGone() {
        TextMeter meter = new TextMeter(bytes, merged, "en");

        meter.add("abxyz");

        assertThat(meter.result().changedBaseTokens()).isEqualTo(2 / 5.0);
    }

    @Test
    void thaiWordsAreFoundByTheDictionary() {
        TextMeter meter = new TextMeter(bytes, merged, "th");

        meter.add("เมืองหลวงของประเทศญี่ปุ่นคือ ๑๒");

        assertThat(meter.result().words()).isEqualTo(6);
    }

    @Test
    void anEmptyTextHasNoShares() {
        TextCheck check = new TextMeter(bytes, merged, "en").result();

        assertThat(check.base().perWord()).isZero();
        assertThat(check.changedBaseTokens()).isZero();
    }

    @Test
    void theVocabularyCheckSeesAChangedBase() {
        assertThat(VocabularyCheck.of(bytes, merged).baseIdsIdentical()).isTrue();
        assertThat(VocabularyCheck.of(words, merged).baseIdsIdentical()).isFalse();
        assertThat(VocabularyCheck.of(words, bytes).baseMergesIdentical()).isFalse();
    }

    private static Tokenizer trained(String text) {
        TrainingSettings settings =
                new TrainingSettings(300, PreTokenizer.GPT2, Optional.empty(), 2, List.of("<|endoftext|>"));
        return BpeTrainer.train(settings, Stream.of(text));
    }
}
