package dev.vernacular.tokenizer.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.github.luben.zstd.ZstdInputStream;
import dev.vernacular.files.FilesException;
import dev.vernacular.tokenizer.TokenizerException;
import dev.vernacular.tokenizer.pieces.Utf8;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/// Documents of text files, one at a time. A line of plain text is a document; a line of a `.jsonl` or `.json`
/// file is a JSON object whose key `text` is one. Gzip and zstd are recognised by content, malformed UTF-8
/// becomes U+FFFD.
public final class TextFiles {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String KEY = "text";

    private TextFiles() {}

    /// Files for names that may hold `*`, `?`, `[…]`, `{…}` or `**`, which match in order of name.
    ///
    /// @throws TokenizerException if a name matches no file
    public static List<Path> find(List<String> names) {
        List<Path> files = new ArrayList<>();
        for (String name : names) {
            Path path = Path.of(name);
            if (Files.exists(path) || name.chars().noneMatch(c -> "*?[{".indexOf(c) >= 0)) {
                files.add(path);
            } else {
                List<Path> matches = matches(name);
                if (matches.isEmpty()) {
                    throw new TokenizerException("no file matches " + name);
                }
                files.addAll(matches);
            }
        }
        return files;
    }

    private static List<Path> matches(String name) {
        int wildcard = name.replaceAll("[*?\\[{].*", "").lastIndexOf('/');
        Path root = Path.of(wildcard < 0 ? "." : name.substring(0, wildcard + 1));
        String pattern = wildcard < 0 ? "./" + name : name;
        PathMatcher matcher = FileSystems.getDefault().getPathMatcher("glob:" + pattern);
        int depth = pattern.contains("**")
                ? Integer.MAX_VALUE
                : pattern.length() - pattern.replace("/", "").length() + 1;
        try (Stream<Path> found = Files.walk(root, depth)) {
            return found.filter(Files::isRegularFile)
                    .filter(matcher::matches)
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw FilesException.reading(root, e);
        }
    }

    /// Hands each document of `files` to `document`, in order.
    ///
    /// @throws TokenizerException if a line of JSON is none or has no text, naming file and line
    /// @throws FilesException     if a file cannot be read
    public static void forEach(List<Path> files, Consumer<String> document) {
        for (Path file : files) {
            boolean isJson = file.getFileName().toString().matches(".*\\.(jsonl|json|ndjson)(\\.(gz|gzip|zst|zstd))?");
            lines(file, () -> open(file), (line, number) -> {
                if (!isJson) {
                    document.accept(Utf8.text(line));
                } else if (!isBlank(line)) {
                    document.accept(json(line, file, number));
                }
            });
        }
    }

    /// Hands each line of `file`, or of standard input if it is `-`, to `line`, whatever the file's name.
    ///
    /// @throws FilesException if it cannot be read
    public static void forEachLine(String file, Consumer<String> line) {
        lines(
                Path.of(file),
                () -> file.equals("-") ? System.in : open(Path.of(file)),
                (bytes, number) -> line.accept(Utf8.text(bytes)));
    }

    private interface Source {
        InputStream open() throws IOException;
    }

    private interface Line {
        void accept(byte[] line, long number);
    }

    private static void lines(Path file, Source source, Line each) {
        try (InputStream in = source.open()) {
            LineReader lines = new LineReader(in);
            long number = 0;
            for (Optional<byte[]> line = lines.next(); line.isPresent(); line = lines.next()) {
                each.accept(line.get(), ++number);
            }
        } catch (IOException e) {
            throw FilesException.reading(file, e);
        }
    }

    private static InputStream open(Path file) throws IOException {
        BufferedInputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16);
        in.mark(4);
        byte[] magic = in.readNBytes(4);
        in.reset();
        if (magic.length >= 2 && magic[0] == 0x1F && magic[1] == (byte) 0x8B) {
            return new GZIPInputStream(in, 1 << 16);
        }
        if (magic.length == 4
                && magic[0] == 0x28
                && magic[1] == (byte) 0xB5
                && magic[2] == 0x2F
                && magic[3] == (byte) 0xFD) {
            return new ZstdInputStream(in);
        }
        return in;
    }

    private static boolean isBlank(byte[] line) {
        for (byte b : line) {
            if (b != ' ' && b != '\t') {
                return false;
            }
        }
        return true;
    }

    private static String json(byte[] line, Path file, long number) {
        try {
            JsonNode text = JSON.readTree(Utf8.text(line)).path(KEY);
            if (!text.isTextual()) {
                throw new TokenizerException(
                        file + " line " + number + ": the object has no text under the key \"" + KEY + "\"");
            }
            return text.textValue();
        } catch (JsonProcessingException e) {
            throw new TokenizerException(
                    file + " line " + number + " is no JSON object: "
                            + e.getOriginalMessage().lines().findFirst().orElse("?"),
                    e);
        }
    }
}
