package dev.vernacular.train;

import dev.vernacular.VernacularException;

public final class TrainException extends VernacularException {
    private static final long serialVersionUID = 1;

    public TrainException(String message) {
        super(message);
    }
}
