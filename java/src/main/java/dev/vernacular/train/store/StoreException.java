package dev.vernacular.train.store;

import dev.vernacular.VernacularException;

/// A run folder or a checkpoint that cannot be used, naming the file.
public final class StoreException extends VernacularException {
    private static final long serialVersionUID = 1;

    public StoreException(String message) {
        super(message);
    }
}
