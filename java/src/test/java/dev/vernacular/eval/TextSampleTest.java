package dev.vernacular.eval;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vernacular.checkpoint.Golden;
import dev.vernacular.model.GptConfig;
import dev.vernacular.tokenizer.Tokenizer;
import java.util.List;
import org.junit.jupiter.api.Test;

class TextSampleTest {
    private static final Tokenizer BYTES = Tokenizer.load(Golden.path("hf"));
    private static final GptConfig LARGE = GptConfig.gpt2(24, 2048, 16, 2048, 50304);
    private static final GptConfig TINY = GptConfig.gpt2(2, 6, 2, 5, 260);

    @Test
    void aLargeModelIsCheckedOnSomeHundredTokens() {
        assertThat(TextSample.affordableTokens(LARGE)).isBetween(256L, 1000L);
        assertThat(TextSample.affordableTokens(TINY)).isEqualTo(65_536);
    }

    @Test
    void theTextIsCutWhereItIsEnoughAndNotWithinACharacter() {
        String thai = "ก".repeat(2000);

        TextSample sample = TextSample.of(List.of("abc", thai, "never read"), BYTES, LARGE);

        assertThat(sample.texts()).hasSize(2);
        assertThat(sample.texts().getLast()).matches("ก+").hasSizeLessThan(500);
        assertThat(sample.tokens()).isLessThanOrEqualTo(TextSample.affordableTokens(LARGE));
        assertThat(sample.bytes()).isEqualTo(3 + 3 * sample.texts().getLast().length());
    }

    @Test
    void ofALittleTextAllIsTaken() {
        assertThat(TextSample.of(List.of("a", "b c"), BYTES, TINY))
                .isEqualTo(new TextSample(List.of("a", "b c"), 4, 4));
    }
}
