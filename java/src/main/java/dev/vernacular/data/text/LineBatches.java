package dev.vernacular.data.text;

import dev.vernacular.files.FilesException;
import dev.vernacular.files.LineReader;
import dev.vernacular.files.TextLine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Cuts several files into batches of lines, large enough to be worth a thread's while and small enough to be
/// held in memory a few at a time.
final class LineBatches implements AutoCloseable {
    private static final int BATCH_BYTES = 1 << 18;
    private static final int LINE_OVERHEAD_BYTES = 64;

    private final List<Path> files;
    private final long bytesTotal;
    private int opened;
    private Optional<LineReader> current = Optional.empty();
    private long bytesOfEarlierFiles;

    /// @throws FilesException if a file is missing
    LineBatches(List<Path> files) {
        this.files = files;
        this.bytesTotal = files.stream().mapToLong(LineBatches::size).sum();
    }

    /// The next lines; none at the end.
    ///
    /// @throws FilesException if a file cannot be read
    List<TextLine> next() {
        List<TextLine> lines = new ArrayList<>();
        for (int bytes = 0; bytes < BATCH_BYTES; ) {
            Optional<TextLine> line = nextLine();
            if (line.isEmpty()) {
                return lines;
            }
            lines.add(line.get());
            bytes += line.get().bytes().length + LINE_OVERHEAD_BYTES;
        }
        return lines;
    }

    long bytesRead() {
        return bytesOfEarlierFiles + current.map(LineReader::bytesRead).orElse(0L);
    }

    long bytesTotal() {
        return bytesTotal;
    }

    @Override
    public void close() {
        bytesOfEarlierFiles = bytesRead();
        current.ifPresent(LineReader::close);
        current = Optional.empty();
    }

    private Optional<TextLine> nextLine() {
        while (current.isPresent() || opened < files.size()) {
            if (current.isEmpty()) {
                current = Optional.of(LineReader.open(files.get(opened++)));
            }
            Optional<TextLine> line = current.get().next();
            if (line.isPresent()) {
                return line;
            }
            close();
        }
        return Optional.empty();
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw FilesException.reading(file, e);
        }
    }
}
