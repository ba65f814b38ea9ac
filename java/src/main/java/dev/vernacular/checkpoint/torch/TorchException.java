package dev.vernacular.checkpoint.torch;

import dev.vernacular.VernacularException;

/// A file that is no torch checkpoint, or a damaged one.
public final class TorchException extends VernacularException {
    private static final long serialVersionUID = 1;

    public TorchException(String message) {
        super(message);
    }
}
