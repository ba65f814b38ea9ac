package dev.vernacular.data.text;

import dev.vernacular.files.Document;
import dev.vernacular.files.DocumentFormat;
import dev.vernacular.files.FilesException;
import dev.vernacular.files.TextLine;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Turns lines into ids; used by several threads.
record LineEncoder(DocumentFormat format, TextEncoder encoder, Optional<Integer> endOfDocument, boolean needsDigest) {
    List<LineOutcome> encode(List<TextLine> lines) {
        List<LineOutcome> outcomes = new ArrayList<>(lines.size());
        for (TextLine line : lines) {
            outcomes.add(encode(line));
        }
        return outcomes;
    }

    private LineOutcome encode(TextLine line) {
        Optional<Document> read;
        try {
            read = format.read(line);
        } catch (FilesException e) {
            return new LineOutcome.Bad(e.getMessage());
        }
        if (read.isEmpty()) {
            return new LineOutcome.Blank();
        }
        Document document = read.get();
        int[][] ids = new int[document.texts().size()][];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = ended(encoder.encode(document.texts().get(i)));
        }
        return new LineOutcome.Encoded(ids, needsDigest ? Digest.of(document) : Digest.NONE, document.malformed());
    }

    /// A document without tokens stays so: it leaves no trace in the dataset.
    private int[] ended(int[] ids) {
        if (ids.length == 0 || endOfDocument.isEmpty()) {
            return ids;
        }
        int[] ended = Arrays.copyOf(ids, ids.length + 1);
        ended[ids.length] = endOfDocument.get();
        return ended;
    }
}
