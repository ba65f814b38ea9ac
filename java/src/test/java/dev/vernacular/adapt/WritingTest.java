package dev.vernacular.adapt;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.Character.UnicodeScript;
import java.util.List;
import org.junit.jupiter.api.Test;

class WritingTest {
    @Test
    void thaiHasMarksAndNoSpacesBetweenWords() {
        Writing writing = Writing.of(List.of("ประเทศไทยมีเมืองหลวงคือกรุงเทพมหานคร ตั๋วราคา 20 บาท (ticket)"));

        assertThat(writing).isEqualTo(new Writing(UnicodeScript.THAI, true, false));
        assertThat(writing.likelyLanguage()).contains("th");
    }

    @Test
    void japaneseIsToldByItsKanaAmongChineseCharacters() {
        Writing writing = Writing.of(List.of("北京発東京行列車時刻表は、上海経由香港行。"));

        assertThat(writing.likelyLanguage()).contains("ja");
        assertThat(writing.separatesWords()).isFalse();
    }

    @Test
    void aTextWithSomeLatinNamesIsOfItsOtherScript() {
        Writing writing = Writing.of(List.of("Компания Microsoft выпустила Windows в городе Redmond"));

        assertThat(writing.script()).isEqualTo(UnicodeScript.CYRILLIC);
        assertThat(writing.hasCombiningMarks()).isFalse();
    }

    @Test
    void latinTextIsOfNoCertainLanguage() {
        Writing writing = Writing.of(List.of("Die Hauptstadt von Österreich heißt Wien"));

        assertThat(writing.likelyLanguage()).isEmpty();
        assertThat(writing.separatesWords()).isTrue();
    }

    @Test
    void aTextWithoutLettersHasNoScript() {
        assertThat(Writing.of(List.of("12:30", "")).script()).isEqualTo(UnicodeScript.UNKNOWN);
    }
}
