package dev.vernacular.files;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LineReaderTest {
    @TempDir
    Path folder;

    @Test
    void eachLineOfTheFileIsOneEvenIfItIsEmpty() throws IOException {
        assertThat(exact("one\r\n\n\r\n two \nthree")).containsExactly("one", "", "", " two ", "three");
        assertThat(exact("\n")).containsExactly("");
        assertThat(exact("")).isEmpty();
    }

    @Test
    void aCarriageReturnBelongsToTheLineBreakOnlyBeforeALineFeed() throws IOException {
        assertThat(exact("a\rb\r\r\nc\r")).containsExactly("a\rb\r", "c\r");
    }

    @Test
    void exactLinesKeepAByteOrderMark() throws IOException {
        assertThat(exact("\uFEFFa")).containsExactly("\uFEFFa");
        assertThat(exact(new byte[] {(byte) 0xFF, (byte) 0xFE, 'a'})).containsExactly("\uFFFD\uFFFDa");
    }

    @Test
    void malformedUtf8HarmsItsOwnLineOnlyAndBecomesWhatPythonMakesOfIt() throws IOException {
        byte[] malformed = {'a', (byte) 0xED, (byte) 0xA0, (byte) 0x80, 'b', '\n', 'c', (byte) 0xE0};

        assertThat(exact(malformed)).containsExactly("a\uFFFD\uFFFD\uFFFDb", "c\uFFFD");
    }

    @Test
    void aGzipFileThatIsCutShortIsSaidToBe() throws IOException {
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(whole)) {
            gzip.write(new Random(1)
                    .ints(999)
                    .mapToObj(i -> i + "\n")
                    .collect(joining())
                    .getBytes(UTF_8));
        }
        byte[] cut = Arrays.copyOf(whole.toByteArray(), whole.size() / 2);

        assertThatThrownBy(() -> exact(cut))
                .isInstanceOf(FilesException.class)
                .hasMessageContaining("the gzip file is cut short");
    }

    @Test
    void aShortLineOfStandardInputIsReadBeforeMoreArrives() {
        InputStream before = System.in;
        System.setIn(new OneLineThenFailure("a\n"));
        try {
            LineReader lines = LineReader.exact("-");

            assertThat(lines.next().orElseThrow().text()).isEqualTo("a");
            assertThatThrownBy(lines::next).hasMessageContaining("standard input:2: asked for more");
        } finally {
            System.setIn(before);
        }
    }

    private List<String> exact(String content) throws IOException {
        return exact(content.getBytes(UTF_8));
    }

    private List<String> exact(byte[] content) throws IOException {
        List<String> texts = new ArrayList<>();
        try (LineReader lines =
                LineReader.exact(Files.write(folder.resolve("a"), content).toString())) {
            lines.forEach(line -> texts.add(line.text()));
        }
        return texts;
    }

    /// A terminal at which one line is typed.
    private static final class OneLineThenFailure extends InputStream {
        private final ByteArrayInputStream line;

        OneLineThenFailure(String line) {
            this.line = new ByteArrayInputStream(line.getBytes(UTF_8));
        }

        @Override
        public int read() throws IOException {
            if (line.available() == 0) {
                throw new IOException("asked for more");
            }
            return line.read();
        }

        @Override
        public int read(byte[] buffer, int from, int length) throws IOException {
            buffer[from] = (byte) read();
            return 1;
        }

        @Override
        public int available() {
            return line.available();
        }
    }
}
