package dev.vernacular.generate;

import dev.vernacular.VernacularException;

/// A prompt or an option that cannot be generated from.
public final class GenerateException extends VernacularException {
    private static final long serialVersionUID = 1;

    public GenerateException(String message) {
        super(message);
    }
}
