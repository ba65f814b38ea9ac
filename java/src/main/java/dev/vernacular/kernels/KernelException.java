package dev.vernacular.kernels;

import dev.vernacular.VernacularException;

/// A kernel call that was refused or failed, or a native library that cannot be used.
public final class KernelException extends VernacularException {
    private static final long serialVersionUID = 1;

    public KernelException(String message) {
        super(message);
    }

    public KernelException(String message, Throwable cause) {
        super(message, cause);
    }

    @Override
    public int exitStatus() {
        return 1;
    }
}
