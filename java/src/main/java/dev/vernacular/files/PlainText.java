package dev.vernacular.files;

import java.util.List;
import java.util.Optional;

/// A line is a document, without its line break.
///
/// @param strips whether white space at both ends goes too, as NeMo's `--text_file` has it
public record PlainText(boolean strips) implements DocumentFormat {
    @Override
    public Optional<Document> read(TextLine line) {
        if (line.isBlank()) {
            return Optional.empty();
        }
        String text = line.text();
        int malformed = line.malformedIn(text);
        return Optional.of(new Document(line.file(), line.number(), List.of(strips ? text.strip() : text), malformed));
    }
}
