package dev.vernacular.tokenizer.merge;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ForeignScriptsTest {
    private final ForeignScripts scripts = new ForeignScripts(Guard.LATIN);

    @ParameterizedTest
    @CsvSource({
        "E0B881, a Thai letter",
        "20E0B881, a space before one",
        "61E0B881, a Latin letter before one",
        "E0B8, the beginning of Thai letters",
        "E381, the beginning of Hiragana",
        "D8, the beginning of Arabic letters",
        "D0B6, a Cyrillic letter",
        "B881E0B8, the end of one character and the beginning of a Thai one"
    })
    void isIn(String bytes, String what) {
        assertThat(scripts.isIn(HexFormat.of().parseHex(bytes))).as(what).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "6162, Latin letters",
        "C3A9, a Latin letter beyond ASCII",
        "E282AC, the euro sign",
        "E0B8BF, the baht sign",
        "CC81, a combining accent",
        "E280, the beginning of punctuation",
        "20E2, the beginning of symbols and of Kelvin's sign",
        "F09F, the beginning of emoji",
        "F09F98, the beginning of faces",
        "B881, bytes whose lead is missing",
        "C3, the beginning of Latin letters"
    })
    void isNotIn(String bytes, String what) {
        assertThat(scripts.isIn(HexFormat.of().parseHex(bytes))).as(what).isFalse();
    }
}
