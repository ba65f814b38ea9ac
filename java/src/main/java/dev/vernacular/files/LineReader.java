package dev.vernacular.files;

import com.github.luben.zstd.ZstdInputStream;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;

/// Reads a text file line by line in bounded memory. Gzip (several members too) and Zstandard are recognised by
/// content, whatever the name. Not safe for use by several threads.
public final class LineReader implements AutoCloseable {
    /// Longer lines are refused: such a file is not lines of text.
    public static final int MAX_LINE_BYTES = 1 << 29;

    private static final int BUFFER_BYTES = 1 << 18;
    private static final int LONGEST_MARK = 4;
    private static final Path STANDARD_INPUT = Path.of("standard input");

    private final Path file;
    private final Optional<FileChannel> channel;
    private final InputStream in;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
    private int start;
    private int end;
    private long number;

    private LineReader(Path file, Optional<FileChannel> channel, InputStream in) {
        this.file = file;
        this.channel = channel;
        this.in = in;
    }

    /// A file of text: a UTF-8 byte order mark is skipped.
    ///
    /// @throws FilesException if the file cannot be opened or is UTF-16
    public static LineReader open(Path file) {
        LineReader lines = exact(file);
        try {
            skipByteOrderMark(file, lines.in);
            return lines;
        } catch (EOFException cut) {
            lines.close();
            throw new FilesException(
                    "cannot read " + file + ": the gzip file is cut short\n  Copy or download it again.");
        } catch (IOException e) {
            lines.close();
            throw FilesException.reading(file, e);
        } catch (FilesException e) {
            lines.close();
            throw e;
        }
    }

    /// A file of lines of whatever bytes: a byte order mark is part of the first.
    ///
    /// @param name a file, or `-` for standard input
    /// @throws FilesException if the file cannot be opened
    public static LineReader exact(String name) {
        return name.equals("-") ? of(System.in, STANDARD_INPUT) : exact(Path.of(name));
    }

    private static LineReader exact(Path file) {
        if (Files.isDirectory(file)) {
            throw new FilesException(file + " is a folder, not a file of text\n  Name the files in it: " + file + "/*");
        }
        try {
            FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
            try {
                return new LineReader(file, Optional.of(channel), decompressed(Channels.newInputStream(channel)));
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        } catch (IOException e) {
            throw FilesException.reading(file, e);
        }
    }

    private static LineReader of(InputStream stream, Path name) {
        try {
            return new LineReader(name, Optional.empty(), decompressed(stream));
        } catch (IOException e) {
            throw FilesException.reading(name, e);
        }
    }

    /// The next line, or empty at the end of the file. A last line without a line break counts.
    ///
    /// @throws FilesException if the file cannot be read, its compressed data is damaged, or a line is longer
    ///                        than [#MAX_LINE_BYTES]
    public Optional<TextLine> next() {
        while (start < end || fill()) {
            int stop = indexOfLineFeed();
            keep(stop);
            start = Math.min(stop + 1, end);
            if (stop < end) {
                return Optional.of(takeLine(true));
            }
        }
        return kept.size() == 0 ? Optional.empty() : Optional.of(takeLine(false));
    }

    /// Hands the lines that are left to `action`.
    ///
    /// @throws FilesException as [#next()]
    public void forEach(Consumer<TextLine> action) {
        for (Optional<TextLine> line = next(); line.isPresent(); line = next()) {
            action.accept(line.get());
        }
    }

    /// Bytes of the file read so far, as stored (compressed); for progress. 0 for a stream.
    public long bytesRead() {
        try {
            return channel.isPresent() ? channel.get().position() : 0;
        } catch (IOException e) {
            throw FilesException.reading(file, e);
        }
    }

    @Override
    public void close() {
        try {
            in.close();
        } catch (IOException e) {
            throw FilesException.reading(file, e);
        }
    }

    private static InputStream decompressed(InputStream raw) throws IOException {
        BufferedInputStream stored = new BufferedInputStream(raw, BUFFER_BYTES);
        return switch (Compression.of(peek(stored))) {
            case NONE -> stored;
            case GZIP ->
                new BufferedInputStream(GzipCompressorInputStream.builder()
                        .setInputStream(stored)
                        .setDecompressConcatenated(true)
                        .get());
            case ZSTANDARD -> new BufferedInputStream(new ZstdInputStream(stored));
        };
    }

    private static void skipByteOrderMark(Path file, InputStream in) throws IOException {
        byte[] mark = peek(in);
        if (startsWith(mark, 0xFF, 0xFE) || startsWith(mark, 0xFE, 0xFF)) {
            throw new FilesException(file + " starts with the byte order mark of UTF-16; text has to be UTF-8\n"
                    + "  Run: iconv -f UTF-16 -t UTF-8 " + file + " > utf8.txt");
        }
        if (startsWith(mark, 0xEF, 0xBB, 0xBF)) {
            in.skipNBytes(3);
        }
    }

    /// The first bytes of `in`, which stay there. No mark holds a line feed: who types a short line does not
    /// wait for the next one.
    private static byte[] peek(InputStream in) throws IOException {
        in.mark(LONGEST_MARK);
        byte[] mark = new byte[LONGEST_MARK];
        int length = 0;
        for (int b = in.read(); b >= 0; b = in.read()) {
            mark[length++] = (byte) b;
            if (b == '\n' || length == LONGEST_MARK) {
                break;
            }
        }
        in.reset();
        return Arrays.copyOf(mark, length);
    }

    private static boolean startsWith(byte[] data, int... expected) {
        for (int i = 0; i < expected.length; i++) {
            if (i >= data.length || (data[i] & 0xFF) != expected[i]) {
                return false;
            }
        }
        return true;
    }

    private boolean fill() {
        try {
            start = 0;
            end = Math.max(0, in.read(buffer));
            return end > 0;
        } catch (IOException e) {
            throw e instanceof EOFException
                    ? new FilesException("cannot read " + file + ":" + (number + 1)
                            + ": the gzip file is cut short\n  Copy or download it again.")
                    : FilesException.reading(file, number + 1, e);
        }
    }

    private int indexOfLineFeed() {
        for (int i = start; i < end; i++) {
            if (buffer[i] == '\n') {
                return i;
            }
        }
        return end;
    }

    private void keep(int stop) {
        if (kept.size() + (long) (stop - start) > MAX_LINE_BYTES) {
            throw new FilesException(file + ":" + (number + 1) + ": the line is longer than " + MAX_LINE_BYTES
                    + " bytes\n  Expected one document a line.");
        }
        kept.write(buffer, start, stop - start);
    }

    private TextLine takeLine(boolean hasLineFeed) {
        byte[] bytes = kept.toByteArray();
        kept.reset();
        number++;
        boolean carriageReturn = hasLineFeed && bytes.length > 0 && bytes[bytes.length - 1] == '\r';
        return new TextLine(file, number, carriageReturn ? Arrays.copyOf(bytes, bytes.length - 1) : bytes);
    }

    /// How a file is stored, told by its first bytes.
    private enum Compression {
        NONE,
        GZIP,
        ZSTANDARD;

        static Compression of(byte[] mark) {
            if (startsWith(mark, 0x1F, 0x8B)) {
                return GZIP;
            }
            return startsWith(mark, 0x28, 0xB5, 0x2F, 0xFD) ? ZSTANDARD : NONE;
        }
    }
}
