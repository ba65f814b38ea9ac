package dev.vernacular.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;

/// Standard output in UTF-8. It remembers why it could not be written; a [PrintStream] alone knows only that.
final class StandardOutput extends PrintStream {
    private final Destination destination;

    StandardOutput(OutputStream to) {
        this(new Destination(to));
    }

    private StandardOutput(Destination destination) {
        super(destination, true, StandardCharsets.UTF_8);
        this.destination = destination;
    }

    /// @throws OutputException if `out` could not be written
    static void check(PrintStream out) {
        if (!out.checkError()) {
            return;
        }
        Optional<IOException> failure =
                out instanceof StandardOutput known ? known.destination.failure : Optional.empty();
        String reason = failure.map(IOException::getMessage).orElse("it is closed");
        boolean isReaderGone = reason.toLowerCase(Locale.ROOT).contains("broken pipe");
        throw new OutputException("cannot write to standard output: " + reason, isReaderGone);
    }

    private static final class Destination extends OutputStream {
        private final OutputStream to;
        private Optional<IOException> failure = Optional.empty();

        Destination(OutputStream to) {
            this.to = to;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int count) throws IOException {
            try {
                to.write(bytes, from, count);
            } catch (IOException e) {
                failure = Optional.of(e);
                throw e;
            }
        }
    }
}
