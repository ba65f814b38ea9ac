package dev.vernacular.tokenizer.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.ZstdOutputStream;
import dev.vernacular.files.FilesException;
import dev.vernacular.tokenizer.TokenizerException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextFilesTest {
    @TempDir
    private Path folder;

    @Test
    void aLineIsADocumentWithoutItsLineBreak() throws IOException {
        Path file = write("a.txt", "one\r\n\ntwo \nthree");

        assertThat(documents(file)).containsExactly("one", "", "two ", "three");
    }

    @Test
    void aLineOfJsonGivesItsTextWithItsLineBreaks() throws IOException {
        Path file = write("a.jsonl", "{\"id\":1,\"text\":\"one\\ntwo\"}\n\n{\"text\":\"ไทย\"}\n");

        assertThat(documents(file)).containsExactly("one\ntwo", "ไทย");
    }

    @Test
    void gzipAndZstdAreRecognisedByContent() throws IOException {
        Path gzip = folder.resolve("a.jsonl.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(gzip))) {
            out.write("{\"text\":\"in gzip\"}\n".getBytes(StandardCharsets.UTF_8));
        }
        Path zstd = folder.resolve("unnamed");
        try (OutputStream out = new ZstdOutputStream(Files.newOutputStream(zstd))) {
            out.write("in zstd\n".getBytes(StandardCharsets.UTF_8));
        }

        assertThat(documents(gzip, zstd)).containsExactly("in gzip", "in zstd");
    }

    @Test
    void aTruncatedGzipFileIsAnErrorNamingIt() throws IOException {
        Path gzip = folder.resolve("a.txt.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(gzip))) {
            out.write("some text\n".repeat(1000).getBytes(StandardCharsets.UTF_8));
        }
        Files.write(gzip, Arrays.copyOf(Files.readAllBytes(gzip), 40));

        assertThatThrownBy(() -> documents(gzip))
                .isInstanceOf(FilesException.class)
                .hasMessageContaining(gzip.toString());
    }

    @Test
    void aBrokenLineOfJsonIsAnErrorNamingTheLine() throws IOException {
        Path broken = write("a.jsonl", "{\"text\":\"one\"}\n{\"text\":\n");
        Path without = write("b.jsonl", "{\"body\":\"one\"}\n");

        assertThatThrownBy(() -> documents(broken))
                .isInstanceOf(TokenizerException.class)
                .hasMessageContaining("a.jsonl line 2 is no JSON object");
        assertThatThrownBy(() -> documents(without)).hasMessageContaining("b.jsonl line 1: the object has no text");
    }

    @Test
    void malformedUtf8HarmsOneCharacterOnly() throws IOException {
        Path file = folder.resolve("a.txt");
        Files.write(file, new byte[] {'a', (byte) 0xFF, 'b', '\n', 'c'});

        assertThat(documents(file)).containsExactly("a\uFFFDb", "c");
    }

    @Test
    void aLineLongerThanTheBufferIsOneDocument() throws IOException {
        String line = "ไทย".repeat(100_000);

        assertThat(documents(write("a.txt", line + "\n" + line))).containsExactly(line, line);
    }

    @Test
    void wildcardsMatchFilesInOrderOfName() throws IOException {
        Path b = write("b.txt", "");
        Path a = write("a.txt", "");
        Files.createDirectory(folder.resolve("sub"));
        Path deep = write("sub/c.txt", "");

        assertThat(TextFiles.find(List.of(folder + "/*.txt"))).containsExactly(a, b);
        assertThat(TextFiles.find(List.of(folder + "/**.txt"))).containsExactly(a, b, deep);
        assertThat(TextFiles.find(List.of(folder + "/{b,a}.txt"))).containsExactly(a, b);
        assertThat(TextFiles.find(List.of(folder + "/*/c.txt"))).containsExactly(deep);
        assertThatThrownBy(() -> TextFiles.find(List.of(folder + "/*.md"))).hasMessageContaining("no file matches");
    }

    @Test
    void aMissingFileIsAnErrorNamingIt() {
        Path missing = folder.resolve("no.txt");

        assertThatThrownBy(() -> documents(missing))
                .isInstanceOf(FilesException.class)
                .hasMessageContaining("no.txt");
    }

    private Path write(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text);
    }

    private static List<String> documents(Path... files) {
        List<String> documents = new ArrayList<>();
        TextFiles.forEach(List.of(files), documents::add);
        return documents;
    }
}
