package dev.vernacular.adapt;

import dev.vernacular.VernacularException;

/// An adaptation that cannot be done as asked.
public final class AdaptException extends VernacularException {
    private static final long serialVersionUID = 1;

    public AdaptException(String message) {
        super(message);
    }
}
