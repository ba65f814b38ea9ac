package dev.vernacular.data;

import dev.vernacular.VernacularException;

/// A dataset that is damaged, inconsistent, or cannot give what is asked of it.
public final class DataException extends VernacularException {
    private static final long serialVersionUID = 1;

    private final int exitStatus;

    public DataException(String message) {
        super(message);
        exitStatus = 2;
    }

    private DataException(String message, Throwable cause) {
        super(message, cause);
        exitStatus = 1;
    }

    /// Something that failed while running, through no wrong input.
    public static DataException failure(String message, Throwable cause) {
        return new DataException(message, cause);
    }

    @Override
    public int exitStatus() {
        return exitStatus;
    }
}
