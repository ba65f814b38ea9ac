package dev.vernacular.kernels;

import dev.vernacular.VernacularException;

/// A kernel call that was refused or failed (exit 1), or a backend that cannot be had (exit 2: another can be
/// chosen).
public final class KernelException extends VernacularException {
    private static final long serialVersionUID = 1;
    private final int exitStatus;

    public KernelException(String message) {
        super(message);
        exitStatus = 1;
    }

    public KernelException(String message, Throwable cause) {
        super(message, cause);
        exitStatus = 1;
    }

    private KernelException(String message, int exitStatus) {
        super(message);
        this.exitStatus = exitStatus;
    }

    /// A backend, library or instruction set that this machine or version does not have.
    public static KernelException unavailable(String message) {
        return new KernelException(message, 2);
    }

    @Override
    public int exitStatus() {
        return exitStatus;
    }
}
