package dev.vernacular.checkpoint;

import dev.vernacular.VernacularException;

/// A model that cannot be read, written or changed as asked: the message names file and tensor or key.
public final class CheckpointException extends VernacularException {
    private static final long serialVersionUID = 1;

    public CheckpointException(String message) {
        super(message);
    }
}
