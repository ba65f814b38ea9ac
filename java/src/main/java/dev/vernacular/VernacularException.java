package dev.vernacular;

/// A failure with a message for a person: what happened with the actual values, where (file, key, tensor,
/// step), and what to do. `cli` prints the message alone and exits with [#exitStatus()].
public class VernacularException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public VernacularException(String message) {
        super(message);
    }

    public VernacularException(String message, Throwable cause) {
        super(message, cause);
    }

    /// 2: wrong usage or bad input, which the user can mend. Subclasses for failures while running return 1.
    public int exitStatus() {
        return 2;
    }
}
