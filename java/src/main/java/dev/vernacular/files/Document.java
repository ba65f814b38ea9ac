package dev.vernacular.files;

import java.nio.file.Path;
import java.util.List;

/// One document of a corpus.
///
/// @param file      where it was read
/// @param line      its line there, counted from 1
/// @param texts     one text for each key asked for; plain text has one
/// @param malformed sequences of invalid UTF-8 (and lone surrogates of JSON escapes) that became U+FFFD
public record Document(Path file, long line, List<String> texts, int malformed) {
    public Document {
        texts = List.copyOf(texts);
    }

    /// The first text: all there is unless several keys were asked for.
    public String text() {
        return texts.getFirst();
    }
}
