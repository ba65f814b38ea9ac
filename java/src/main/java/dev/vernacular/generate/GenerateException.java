package dev.vernacular.generate;

import dev.vernacular.VernacularException;

/// A prompt or an option that cannot be generated from.
public final class GenerateException extends VernacularException {
    private static final long serialVersionUID = 1;

    private final int exitStatus;

    public GenerateException(String message) {
        this(message, 2);
    }

    private GenerateException(String message, int exitStatus) {
        super(message);
        this.exitStatus = exitStatus;
    }

    /// A generation that failed while it was going on.
    static GenerateException failure(String message) {
        return new GenerateException(message, 1);
    }

    @Override
    public int exitStatus() {
        return exitStatus;
    }
}
