package dev.vernacular.checkpoint.pickle;

import dev.vernacular.VernacularException;

/// A pickle that is damaged or asks for more than data.
public final class PickleException extends VernacularException {
    private static final long serialVersionUID = 1;

    /// @param label  names the file
    /// @param offset byte in the pickle at which reading stopped
    public PickleException(String label, long offset, String what) {
        super(label + ": " + what + " (byte " + offset + " of the pickle)");
    }

    public PickleException(String message) {
        super(message);
    }
}
