package dev.vernacular.demo;

import dev.vernacular.VernacularException;

/// A demo that was asked for something it cannot show.
public final class DemoException extends VernacularException {
    private static final long serialVersionUID = 1;

    public DemoException(String message) {
        super(message);
    }
}
