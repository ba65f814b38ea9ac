package dev.vernacular.tokenizer.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import java.text.BreakIterator;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

class WordsTest {
    private static final String SENTENCE = "เมืองหลวงของประเทศญี่ปุ่นคือโตเกียวและมีประชากร3.5ล้านคน isn't it 😀 ";

    @Test
    void wordsOfALongTextAreThoseOfTheBreakIterator() {
        String text = SENTENCE.repeat(40);

        assertThat(words(text, "th")).isEqualTo(byBreakIterator(text, "th"));
    }

    @Test
    void aRunWithoutAWordTakesLinearTime() {
        String run = "ก".repeat(100_000);

        assertTimeout(
                Duration.ofSeconds(20),
                () -> assertThat(String.join("", words(run, "th"))).isEqualTo(run));
    }

    @Test
    void aWordLongerThanTheWindowIsStillAllOfTheText() {
        String word = "a".repeat(511) + "\uD83D\uDE00" + "b".repeat(2000);

        assertThat(String.join("", words(word, "en"))).isEqualTo(word);
        assertThat(words("", "en")).isEmpty();
    }

    @Test
    void punctuationAndSpacesAreNotCounted() {
        assertThat(new WordCounter("en").count("One, two – 3!")).isEqualTo(3);
        assertThat(new WordCounter("no language").count("one two")).isEqualTo(2);
    }

    private static List<String> words(String text, String language) {
        List<String> words = new ArrayList<>();
        new Words(Locale.of(language)).forEach(text, (from, to) -> words.add(text.substring(from, to)));
        return words;
    }

    private static List<String> byBreakIterator(String text, String language) {
        BreakIterator iterator = BreakIterator.getWordInstance(Locale.of(language));
        iterator.setText(text);
        List<String> words = new ArrayList<>();
        int from = 0;
        for (int to = iterator.next(); to != BreakIterator.DONE; to = iterator.next()) {
            words.add(text.substring(from, to));
            from = to;
        }
        return words;
    }
}
