package dev.vernacular.model;

import dev.vernacular.VernacularException;

/// A model configuration or a set of weights that cannot be used.
public final class ModelException extends VernacularException {
    private static final long serialVersionUID = 1;

    public ModelException(String message) {
        super(message);
    }
}
