package dev.vernacular.data.text;

import dev.vernacular.data.DataException;
import dev.vernacular.files.DocumentFormat;
import dev.vernacular.files.JsonLines;
import dev.vernacular.files.PlainText;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;

/// What `preprocess` reads and writes.
///
/// @param input         files, in the order of the output
/// @param keys          fields of a JSON line; each gives a dataset of its own
/// @param isPlainText   a line is a document, without white space at its ends; the only key then names the
///                      output
/// @param endOfDocument the id that ends each document that has tokens
/// @param outputPrefix  P; datasets are `P_<key>_document`
/// @param workers       threads that encode; the output does not depend on them
/// @param maxBadLines   lines that are no documents and are skipped before it is an error
/// @param removesCopies whether a document equal to an earlier one is skipped
/// @param force         whether older datasets are replaced
public record PreprocessOptions(
        List<Path> input,
        List<String> keys,
        boolean isPlainText,
        Optional<Integer> endOfDocument,
        Path outputPrefix,
        int workers,
        long maxBadLines,
        boolean removesCopies,
        boolean force) {
    public PreprocessOptions {
        input = List.copyOf(input);
        keys = List.copyOf(keys);
        if (input.isEmpty() || keys.isEmpty() || new HashSet<>(keys).size() < keys.size()) {
            throw new DataException(
                    "preprocess needs input files and different --json-keys, not " + input + " and " + keys);
        }
        if (isPlainText && keys.size() > 1) {
            throw new DataException("plain text has one text a line, --json-keys names " + keys);
        }
        if (workers < 1) {
            throw new DataException("--workers is " + workers + ", it has to be at least 1");
        }
        if (maxBadLines < 0) {
            throw new DataException("--max-bad-lines is " + maxBadLines + ", it cannot be negative");
        }
    }

    /// The dataset of one key, without `.bin` and `.idx`.
    public Path output(String key) {
        return outputPrefix.resolveSibling(outputPrefix.getFileName() + "_" + key + "_document");
    }

    DocumentFormat format() {
        return isPlainText ? new PlainText(true) : new JsonLines(keys);
    }
}
