package dev.vernacular.files;

import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DocumentReaderTest {
    @TempDir
    Path folder;

    @Test
    void aLineOfJsonGivesItsTextAsItIs() throws IOException {
        Path file = write(
                "a.jsonl", "{\"id\":[1,{\"text\":\"no\"}],\"text\":\" ก\\u0e33 \\n\"}\n\n{\"text\":\"\",\"x\":NaN}");

        assertThat(texts(file)).containsExactly(" กำ \n", "");
    }

    @Test
    void theLastOfTwoEqualKeysCounts() throws IOException {
        assertThat(texts(write("a.jsonl", "{\"text\":\"first\",\"text\":\"second\"}\n")))
                .containsExactly("second");
    }

    @Test
    void plainTextLosesItsLineBreakOnly() throws IOException {
        assertThat(texts(write("a.txt", " a \r\n\r\n\nb"))).containsExactly(" a ", "b");
    }

    @Test
    void gzipOfSeveralMembersAndZstandardAreKnownByTheirContent() throws IOException {
        ByteArrayOutputStream twoMembers = new ByteArrayOutputStream();
        twoMembers.write(gzip("one\ntw"));
        twoMembers.write(gzip("o\n"));
        Path gzipped = write("a.txt", twoMembers.toByteArray());
        Path zstandard = write("b.txt", Zstd.compress("three\n".getBytes(UTF_8)));

        assertThat(texts(gzipped, zstandard)).containsExactly("one", "two", "three");
    }

    @Test
    void jsonLinesAreKnownByTheirNameWithoutItsCompression() throws IOException {
        byte[] line = "{\"text\":\"one\"}\n".getBytes(UTF_8);

        assertThat(texts(write("a.NDJSON", line), write("a.json.gzip", gzip("{\"text\":\"two\"}\n"))))
                .containsExactly("one", "two");
        assertThat(texts(write("a.jsonl.zstd", Zstd.compress(line)))).containsExactly("one");
    }

    @Test
    void damagedGzipIsRefusedNamingTheFileAndTheLine() throws IOException {
        byte[] whole = gzip("one\ntwo\n");
        Path file = write("a.txt", Arrays.copyOf(whole, whole.length - 9));

        assertThatThrownBy(() -> texts(file)).isInstanceOf(FilesException.class).hasMessageContaining(file + ":");
    }

    @Test
    void invalidUtf8BecomesTheReplacementCharacterAndIsCounted() throws IOException {
        byte[] line = "a?b\uFFFD?\n".getBytes(UTF_8);
        line[1] = (byte) 0xFF;
        line[6] = (byte) 0xE0;
        Path file = write("a.txt", line);

        try (DocumentReader reader = DocumentReader.open(List.of(file), "text")) {
            assertThat(reader.next().orElseThrow().text()).isEqualTo("a\uFFFDb\uFFFD\uFFFD");
            assertThat(reader.malformed()).isEqualTo(2);
        }
    }

    @Test
    void aLoneSurrogateOfAnEscapeBecomesTheReplacementCharacter() throws IOException {
        Path file = write("a.jsonl", "{\"text\":\"a\\ud83d b \\ud83d\\ude00\"}");

        try (DocumentReader reader = DocumentReader.open(List.of(file), "text")) {
            assertThat(reader.next().orElseThrow().text()).isEqualTo("a\uFFFD b \uD83D\uDE00");
            assertThat(reader.malformed()).isEqualTo(1);
        }
    }

    @Test
    void aUtf8ByteOrderMarkIsSkippedAndUtf16Refused() throws IOException {
        assertThat(texts(write("a.txt", "\uFEFFa"))).containsExactly("a");

        Path utf16 = write("b.txt", "\uFEFFa".getBytes(UTF_16LE));
        assertThatThrownBy(() -> texts(utf16)).hasMessageContaining("UTF-16").hasMessageContaining("iconv");
    }

    @Test
    void aBadLineIsRefusedNamingFileAndLine() throws IOException {
        assertBad("{\"text\":\"a\"}\n{\"text\":", ":2: not valid JSON");
        assertBad("{\"tekst\":\"a\"}", ":1: the object has no key 'text'; its keys are [tekst]");
        assertBad("{\"text\":null}", ":1: the value of 'text' is null, it has to be a string");
        assertBad("[\"text\"]", ":1: expected a JSON object, found a list");
        assertBad("{\"text\":\"a\"} {}", ":1: there is more after the JSON object");
        assertBad("\0\0\0", ":1: not valid JSON");
        assertBad("{\"text\":\"a\",\"x\":" + "[".repeat(100_000), ":1: ");
    }

    @Test
    void aLineLongerThanTheBufferIsWhole() throws IOException {
        String longLine = "กขฃ".repeat(200_000);

        assertThat(texts(write("a.txt", "x\n" + longLine + "\ny"))).containsExactly("x", longLine, "y");
    }

    @Test
    void aMissingFileAndAFolderAreRefused() {
        assertThatThrownBy(() -> texts(folder.resolve("none.txt"))).hasMessageContaining("there is no such file");
        assertThatThrownBy(() -> texts(folder)).hasMessageContaining("is a folder");
    }

    private void assertBad(String content, String message) throws IOException {
        Path file = write("bad.jsonl", content);
        assertThatThrownBy(() -> texts(file)).isInstanceOf(FilesException.class).hasMessageContaining(file + message);
    }

    private static List<String> texts(Path... files) {
        List<String> texts = new ArrayList<>();
        DocumentReader.forEachText(List.of(files), "text", texts::add);
        return texts;
    }

    private Path write(String name, String content) throws IOException {
        return write(name, content.getBytes(UTF_8));
    }

    private Path write(String name, byte[] content) throws IOException {
        return Files.write(folder.resolve(name), content);
    }

    private static byte[] gzip(String content) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(bytes)) {
            out.write(content.getBytes(UTF_8));
        }
        return bytes.toByteArray();
    }
}
