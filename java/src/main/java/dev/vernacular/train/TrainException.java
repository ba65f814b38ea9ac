package dev.vernacular.train;

import dev.vernacular.VernacularException;

/// A run that cannot start, or that has to stop: the message names the step, the tensor or the file, and what
/// to do.
public final class TrainException extends VernacularException {
    private static final long serialVersionUID = 1;

    private final int exitStatus;

    /// Something that the user can mend before starting again.
    public TrainException(String message) {
        super(message);
        exitStatus = 2;
    }

    private TrainException(String message, int exitStatus) {
        super(message);
        this.exitStatus = exitStatus;
    }

    /// A run that failed while it was going on.
    public static TrainException failure(String message) {
        return new TrainException(message, 1);
    }

    @Override
    public int exitStatus() {
        return exitStatus;
    }
}
