package dev.vernacular.data.text;

import dev.vernacular.data.DataException;
import dev.vernacular.data.IndexedDatasetWriter;
import dev.vernacular.data.TokenType;
import dev.vernacular.files.AtomicFile;
import dev.vernacular.files.TextLine;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// Text to Megatron datasets: one thread reads and writes, the workers parse and encode. The output is in the
/// order of the input and the same bytes whatever the number of workers; memory is bounded (with
/// `removesCopies`, 32 to 64 bytes a document besides). Datasets appear when all is done, or not at all.
public final class Preprocess {
    private final PreprocessOptions options;
    private final LineEncoder encoder;
    private final Consumer<PreprocessCounts> progress;
    private final long start = System.nanoTime();
    private final BadLines badLines;
    private final DigestSet seen = new DigestSet();
    private long documents;
    private long empty;
    private long tokens;
    private long copies;
    private long blankLines;
    private long malformed;

    private Preprocess(PreprocessOptions options, TextEncoder encoder, Consumer<PreprocessCounts> progress) {
        this.options = options;
        this.encoder = new LineEncoder(options.format(), encoder, options.endOfDocument(), options.removesCopies());
        this.progress = progress;
        this.badLines = new BadLines(options.maxBadLines());
    }

    /// @param vocabularySize of the tokenizer, from which the datasets' type follows
    ///                       ([TokenType#forVocabulary])
    /// @param progress       told after every batch of lines, on the calling thread
    /// @throws DataException  if there are no documents, too many bad lines, or an id beyond the vocabulary's type
    /// @throws dev.vernacular.files.FilesException if a file cannot be read or written, or exists and may not
    ///   be replaced
    public static PreprocessCounts run(
            PreprocessOptions options, TextEncoder encoder, int vocabularySize, Consumer<PreprocessCounts> progress) {
        Preprocess preprocess = new Preprocess(options, encoder, progress);
        List<Path> outputs = options.keys().stream().map(options::output).toList();
        outputs.forEach(output -> refuseToReplace(output, options.force()));
        PreprocessCounts[] total = new PreprocessCounts[1];
        writeAll(
                outputs,
                TokenType.forVocabulary(vocabularySize),
                options.force(),
                List.of(),
                writers -> total[0] = preprocess.copy(writers));
        return total[0];
    }

    /// Opens a writer for each output, one within the other, so that all are whole before the first gets its
    /// name.
    private static void writeAll(
            List<Path> outputs,
            TokenType type,
            boolean force,
            List<IndexedDatasetWriter> opened,
            Consumer<List<IndexedDatasetWriter>> content) {
        if (opened.size() == outputs.size()) {
            content.accept(opened);
            return;
        }
        IndexedDatasetWriter.write(outputs.get(opened.size()), type, force, writer -> {
            List<IndexedDatasetWriter> more = new ArrayList<>(opened);
            more.add(writer);
            writeAll(outputs, type, force, more, content);
        });
    }

    private static void refuseToReplace(Path output, boolean force) {
        AtomicFile.refuseToReplace(output.resolveSibling(output.getFileName() + ".bin"), force);
        AtomicFile.refuseToReplace(output.resolveSibling(output.getFileName() + ".idx"), force);
    }

    private PreprocessCounts copy(List<IndexedDatasetWriter> writers) {
        try (LineBatches batches = new LineBatches(options.input());
                OrderedPool<List<TextLine>, List<LineOutcome>> pool =
                        new OrderedPool<>(options.workers(), encoder::encode)) {
            boolean isAtEnd = false;
            while (!isAtEnd || !pool.isEmpty()) {
                while (!isAtEnd && pool.hasRoom()) {
                    List<TextLine> lines = batches.next();
                    isAtEnd = lines.isEmpty();
                    if (!isAtEnd) {
                        pool.add(lines);
                    }
                }
                if (!pool.isEmpty()) {
                    pool.take().forEach(outcome -> write(outcome, writers));
                    progress.accept(counts(batches));
                }
            }
            requireDocuments();
            return counts(batches);
        }
    }

    private void requireDocuments() {
        if (documents == empty) {
            throw new DataException("there are no documents in "
                    + String.join(
                            ", ", options.input().stream().map(Path::toString).toList())
                    + (badLines.count() > 0 ? ", only " + badLines.count() + " bad lines" : ""));
        }
    }

    private void write(LineOutcome outcome, List<IndexedDatasetWriter> writers) {
        switch (outcome) {
            case LineOutcome.Blank() -> blankLines++;
            case LineOutcome.Bad(String message) -> badLines.add(message);
            case LineOutcome.Encoded document -> write(document, writers);
        }
    }

    private void write(LineOutcome.Encoded document, List<IndexedDatasetWriter> writers) {
        if (options.removesCopies() && !seen.add(document.digest())) {
            copies++;
            return;
        }
        long before = tokens;
        for (int i = 0; i < writers.size(); i++) {
            writers.get(i).add(document.ids()[i]);
            writers.get(i).endDocument();
            tokens += document.ids()[i].length;
        }
        documents++;
        malformed += document.malformed();
        empty += tokens == before ? 1 : 0;
    }

    private PreprocessCounts counts(LineBatches batches) {
        return new PreprocessCounts(
                documents,
                empty,
                tokens,
                copies,
                blankLines,
                badLines.count(),
                badLines.first(),
                malformed,
                batches.bytesRead(),
                batches.bytesTotal(),
                (System.nanoTime() - start) / 1e9);
    }
}
