package dev.vernacular.files;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/// Reads the documents of several files in order, in bounded memory. Not safe for use by several threads.
///
/// ```java
/// DocumentReader.forEachText(InputFiles.find(patterns), "text", text -> …);
/// ```
public final class DocumentReader implements AutoCloseable {
    private final List<Path> files;
    private final Function<Path, DocumentFormat> formats;
    private int opened;
    private Optional<LineReader> lines = Optional.empty();
    private Optional<DocumentFormat> format = Optional.empty();
    private long malformed;

    /// @param formats the format of each file
    public DocumentReader(List<Path> files, Function<Path, DocumentFormat> formats) {
        this.files = List.copyOf(files);
        this.formats = formats;
    }

    /// A reader that tells JSON Lines from plain text by the files' names.
    ///
    /// @param key the field of a JSON line that holds the text
    public static DocumentReader open(List<Path> files, String key) {
        return new DocumentReader(files, file -> DocumentFormat.byName(file, key));
    }

    /// Hands the text of each document of `files` to `action`, in order.
    ///
    /// @param key the field of a JSON line that holds the text
    /// @throws FilesException as [#next()]
    public static void forEachText(List<Path> files, String key, Consumer<String> action) {
        try (DocumentReader reader = open(files, key)) {
            for (Optional<Document> next = reader.next(); next.isPresent(); next = reader.next()) {
                action.accept(next.get().text());
            }
        }
    }

    /// The next document, or empty after the last. Blank lines are skipped.
    ///
    /// @throws FilesException if a file cannot be read or a line is no document, with `file:line`
    public Optional<Document> next() {
        while (lines.isPresent() || openNext()) {
            Optional<TextLine> line = lines.get().next();
            if (line.isEmpty()) {
                close();
                continue;
            }
            Optional<Document> document = format.orElseThrow().read(line.get());
            if (document.isPresent()) {
                malformed += document.get().malformed();
                return document;
            }
        }
        return Optional.empty();
    }

    /// Sequences of invalid UTF-8 that were replaced so far.
    public long malformed() {
        return malformed;
    }

    @Override
    public void close() {
        lines.ifPresent(LineReader::close);
        lines = Optional.empty();
    }

    private boolean openNext() {
        if (opened == files.size()) {
            return false;
        }
        Path file = files.get(opened++);
        format = Optional.of(formats.apply(file));
        lines = Optional.of(LineReader.open(file));
        return true;
    }
}
