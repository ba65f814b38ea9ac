package dev.vernacular.cli;

import dev.vernacular.VernacularException;

/// Standard output that cannot be written.
final class OutputException extends VernacularException {
    private static final long serialVersionUID = 1;
    /// What a shell gives for a program that SIGPIPE ended.
    private static final int BROKEN_PIPE = 128 + 13;

    private final boolean isReaderGone;

    OutputException(String message, boolean isReaderGone) {
        super(message);
        this.isReaderGone = isReaderGone;
    }

    /// The reader has what it wants, as `head` after its lines: nothing to tell anybody.
    boolean isReaderGone() {
        return isReaderGone;
    }

    @Override
    public int exitStatus() {
        return isReaderGone ? BROKEN_PIPE : 1;
    }
}
