package dev.vernacular.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DemoCommandTest {
    @ParameterizedTest
    @ValueSource(strings = {"th", "TH", "th-TH", "th_TH"})
    void aLanguageIsKnownInAnySpelling(String language) {
        assertThat(DemoCommand.code(language)).isEqualTo("th");
    }
}
