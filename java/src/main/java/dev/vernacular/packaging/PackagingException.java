package dev.vernacular.packaging;

import dev.vernacular.VernacularException;

/// A package that cannot be made.
public final class PackagingException extends VernacularException {
    private static final long serialVersionUID = 1;

    public PackagingException(String message) {
        super(message);
    }
}
