package dev.vernacular.files;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// How a line of a text file becomes a document. Implementations are safe for use by several threads.
public sealed interface DocumentFormat permits JsonLines, PlainText {
    /// The document on this line, or empty if the line is blank.
    ///
    /// @throws FilesException if the line is none, with `file:line`
    Optional<Document> read(TextLine line);

    /// JSON Lines if the name says so (`.json`, `.jsonl` or `.ndjson`, with or without `.gz` or `.zst`), plain
    /// text otherwise.
    ///
    /// @param key the field of a JSON line that holds the text
    static DocumentFormat byName(Path file, String key) {
        return Names.JSON.matcher(file.getFileName().toString()).matches()
                ? new JsonLines(List.of(key))
                : new PlainText(false);
    }

    /// What names tell.
    final class Names {
        private static final Pattern JSON = Pattern.compile("(?i).*\\.(jsonl?|ndjson)(\\.(gz|gzip|zst|zstd))?");

        private Names() {}
    }
}
