package dev.vernacular.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class JsonProblemTest {
    @Test
    void theProblemIsOneLineWithItsPlaceAndNothingOfJacksonsSettings() {
        byte[] cut = "{\"a\": [1,\n 2".getBytes(StandardCharsets.UTF_8);

        JsonProcessingException problem =
                catchThrowableOfType(JsonProcessingException.class, () -> new ObjectMapper().readTree(cut));

        assertThat(JsonProblem.describe(problem))
                .contains("Unexpected end-of-input")
                .contains("at line 2, column 3")
                .doesNotContain("Source")
                .doesNotContain("REDACTED")
                .doesNotContain("\n");
        assertThat(FilesException.reading(Path.of("a.json"), problem))
                .hasMessageStartingWith("cannot read a.json: it is no valid JSON: Unexpected end-of-input")
                .message()
                .doesNotContain("REDACTED");
    }
}
