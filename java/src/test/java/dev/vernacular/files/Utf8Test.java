package dev.vernacular.files;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;

class Utf8Test {
    @ParameterizedTest
    @CsvFileSource(resources = "/golden/tokenizer/malformed.txt", delimiter = ' ')
    void malformedBytesBecomeWhatPythonMakesOfThem(String bytes, String text) {
        String expected = new String(HexFormat.of().parseHex(text), StandardCharsets.UTF_16BE);

        assertThat(Utf8.text(HexFormat.of().parseHex(bytes))).isEqualTo(expected);
    }

    @Test
    void aLoneSurrogateCountsAsTheReplacementCharacter() {
        assertThat(Utf8.bytes("a\uD800b\uDC00\uD83D\uDE00\uD83D"))
                .isEqualTo("a\uFFFDb\uFFFD\uD83D\uDE00\uFFFD".getBytes(StandardCharsets.UTF_8));
    }
}
