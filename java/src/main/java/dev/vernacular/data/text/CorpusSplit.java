package dev.vernacular.data.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vernacular.data.DataException;
import dev.vernacular.files.AtomicFile;
import dev.vernacular.files.Document;
import dev.vernacular.files.DocumentFormat;
import dev.vernacular.files.JsonLines;
import dev.vernacular.files.LineReader;
import dev.vernacular.files.TextLine;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/// Divides a corpus into `train.jsonl`, `val.jsonl` and `test.jsonl`, document by document, in bounded memory:
/// one pass counts, a second deals. The parts have exactly their shares, each document is as likely as any
/// other to be in a part (selection sampling, Knuth TAOCP 2, algorithm S), order is kept, and lines of JSON are
/// copied byte for byte.
public final class CorpusSplit {
    private static final List<String> NAMES = List.of("train.jsonl", "val.jsonl", "test.jsonl");
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Options options;
    private final List<OutputStream> outputs;
    private final Random random;
    private final long[] wanted;
    private long left;

    /// @param input         JSON Lines or plain text (a line is a document), told apart by name
    /// @param output        folder of the three files
    /// @param key           field of a JSON line that holds the text; every line must have it
    /// @param ratios        of train, validation and test; any sum
    /// @param seed          the same seed and input give the same files
    /// @param removesCopies whether a document equal to an earlier one is left out
    /// @param force         whether older files are replaced
    public record Options(
            List<Path> input,
            Path output,
            String key,
            List<Double> ratios,
            long seed,
            boolean removesCopies,
            boolean force) {
        public Options {
            input = List.copyOf(input);
            ratios = List.copyOf(ratios);
            boolean areShares = ratios.stream().allMatch(r -> r >= 0 && !r.isInfinite())
                    && ratios.stream().mapToDouble(r -> r).sum() > 0;
            if (ratios.size() != NAMES.size() || !areShares) {
                throw new DataException("the ratios are " + ratios
                        + ", expected three numbers for train, validation and test, such as 0.98,0.01,0.01");
            }
        }
    }

    /// Documents in each part, and copies left out.
    public record Result(long train, long validation, long test, long copies) {}

    /// What is done with each document that is not left out.
    private interface Action {
        void take(TextLine line, Document document) throws IOException;
    }

    private CorpusSplit(Options options, long[] wanted, List<FileChannel> channels) {
        this.options = options;
        this.wanted = wanted.clone();
        this.left = wanted[0] + wanted[1] + wanted[2];
        this.random = new Random(options.seed());
        this.outputs = new ArrayList<>();
        channels.forEach(channel -> outputs.add(new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 16)));
    }

    /// @throws dev.vernacular.files.FilesException if a line is no document (with `file:line`), a file cannot
    ///   be read or written, or one exists and may not be replaced
    /// @throws DataException if there are no documents
    public static Result run(Options options) {
        List<Path> files = NAMES.stream().map(options.output()::resolve).toList();
        files.forEach(file -> AtomicFile.refuseToReplace(file, options.force()));
        long[] documents = new long[1];
        long copies = forEach(options, (line, document) -> documents[0]++);
        long[] counts = counts(options.ratios(), documents[0]);
        if (documents[0] == 0) {
            throw new DataException("there are no documents in " + options.input());
        }
        AtomicFile.write(
                files.get(0),
                train -> AtomicFile.write(
                        files.get(1),
                        validation -> AtomicFile.write(
                                files.get(2),
                                test -> new CorpusSplit(options, counts, List.of(train, validation, test)).deal())));
        return new Result(counts[0], counts[1], counts[2], copies);
    }

    /// Shares of `documents`, rounded; a part with a ratio gets at least one document where there are enough.
    static long[] counts(List<Double> ratios, long documents) {
        double sum = ratios.stream().mapToDouble(r -> r).sum();
        long[] counts = new long[ratios.size()];
        double cumulative = 0;
        long edge = 0;
        int largest = 0;
        for (int part = 0; part < counts.length; part++) {
            cumulative += ratios.get(part);
            long next = Math.round(documents * cumulative / sum);
            counts[part] = next - edge;
            edge = next;
            largest = counts[part] > counts[largest] ? part : largest;
        }
        for (int part = 0; part < counts.length; part++) {
            if (counts[part] == 0 && ratios.get(part) > 0 && counts[largest] > 1) {
                counts[part]++;
                counts[largest]--;
            }
        }
        return counts;
    }

    private void deal() throws IOException {
        try {
            forEach(options, this::put);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        if (left != 0) {
            throw new DataException("the input changed while it was read: " + left + " documents are missing");
        }
        for (OutputStream output : outputs) {
            output.flush();
        }
    }

    private void put(TextLine line, Document document) throws IOException {
        if (left == 0) {
            throw new DataException(line.where() + ": the input changed while it was read, it has grown");
        }
        long draw = (long) (random.nextDouble() * left);
        int part = 0;
        while (draw >= wanted[part]) {
            draw -= wanted[part++];
        }
        wanted[part]--;
        left--;
        outputs.get(part).write(json(line, document));
        outputs.get(part).write('\n');
    }

    private byte[] json(TextLine line, Document document) throws JsonProcessingException {
        if (formatOf(options, line.file()) instanceof JsonLines) {
            return line.bytes();
        }
        return JSON.writeValueAsString(Map.of(options.key(), document.text())).getBytes(StandardCharsets.UTF_8);
    }

    private static DocumentFormat formatOf(Options options, Path file) {
        return DocumentFormat.byName(file, options.key());
    }

    /// @return the number of copies left out
    private static long forEach(Options options, Action action) {
        DigestSet seen = new DigestSet();
        long copies = 0;
        for (Path file : options.input()) {
            DocumentFormat format = formatOf(options, file);
            try (LineReader lines = LineReader.open(file)) {
                for (Optional<TextLine> line = lines.next(); line.isPresent(); line = lines.next()) {
                    Optional<Document> document = format.read(line.get());
                    if (document.isEmpty()) {
                        continue;
                    }
                    if (options.removesCopies() && !seen.add(Digest.of(document.get()))) {
                        copies++;
                    } else {
                        action.take(line.get(), document.get());
                    }
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return copies;
    }
}
