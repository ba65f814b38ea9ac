package dev.vernacular.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IdLinesTest {
    @TempDir
    private Path folder;

    @Test
    void aLineIsASequence() throws IOException {
        Path file = Files.writeString(folder.resolve("ids.txt"), "1 2\t3\n\n40,50\n");

        assertThat(IdLines.read(file)).containsExactly(new int[] {1, 2, 3}, new int[0], new int[] {40, 50});
    }

    @Test
    void whatIsNoIdIsNamedWithItsLine() throws IOException {
        Path file = Files.writeString(folder.resolve("ids.txt"), "1 2\n3 four\n");

        assertThatThrownBy(() -> IdLines.read(file))
                .isInstanceOf(GenerateException.class)
                .hasMessageContaining("ids.txt:2")
                .hasMessageContaining("'four'");
    }

    @Test
    void aNegativeIdIsRefused() throws IOException {
        Path file = Files.writeString(folder.resolve("ids.txt"), "-3\n");

        assertThatThrownBy(() -> IdLines.read(file)).isInstanceOf(GenerateException.class);
    }
}
