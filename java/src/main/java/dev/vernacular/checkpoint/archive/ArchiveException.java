package dev.vernacular.checkpoint.archive;

import dev.vernacular.VernacularException;

/// An archive that is damaged, or that holds what a model's archive must not.
public final class ArchiveException extends VernacularException {
    private static final long serialVersionUID = 1;

    public ArchiveException(String message) {
        super(message);
    }
}
