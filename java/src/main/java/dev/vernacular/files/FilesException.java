package dev.vernacular.files;

import dev.vernacular.VernacularException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/// A file that cannot be read or written.
public final class FilesException extends VernacularException {
    private static final long serialVersionUID = 1;

    public FilesException(String message) {
        super(message);
    }

    private FilesException(String message, IOException cause) {
        super(message, cause);
    }

    public static FilesException writing(Path file, IOException cause) {
        return new FilesException("cannot write " + file + ": " + reason(cause), cause);
    }

    public static FilesException reading(Path file, IOException cause) {
        return new FilesException("cannot read " + file + ": " + reason(cause), cause);
    }

    /// @param line where reading stopped, counted from 1
    public static FilesException reading(Path file, long line, IOException cause) {
        return new FilesException("cannot read " + file + ":" + line + ": " + reason(cause), cause);
    }

    private static String reason(IOException cause) {
        return switch (cause) {
            case NoSuchFileException missing -> "there is no such file or folder";
            case AccessDeniedException denied -> "permission denied";
            default -> cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
        };
    }
}
