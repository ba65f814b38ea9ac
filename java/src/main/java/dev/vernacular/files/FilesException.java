package dev.vernacular.files;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.vernacular.VernacularException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;

/// A file that cannot be read or written. What another name would mend is the user's mistake; writing that fails
/// otherwise, as on a full disk, is a failure while running.
public final class FilesException extends VernacularException {
    private static final long serialVersionUID = 1;
    private static final int FAILED_WHILE_RUNNING = 1;
    private static final int BAD_INPUT = 2;

    private final int exitStatus;

    public FilesException(String message) {
        super(message);
        exitStatus = BAD_INPUT;
    }

    private FilesException(String message, IOException cause, int exitStatus) {
        super(message, cause);
        this.exitStatus = exitStatus;
    }

    public static FilesException writing(Path file, IOException cause) {
        int status = isWrongName(cause) ? BAD_INPUT : FAILED_WHILE_RUNNING;
        return new FilesException("cannot write " + file + ": " + reason(cause), cause, status);
    }

    public static FilesException reading(Path file, IOException cause) {
        return new FilesException("cannot read " + file + ": " + reason(cause), cause, BAD_INPUT);
    }

    /// @param line where reading stopped, counted from 1
    public static FilesException reading(Path file, long line, IOException cause) {
        return new FilesException("cannot read " + file + ":" + line + ": " + reason(cause), cause, BAD_INPUT);
    }

    /// The same about another name of the file: it was to be renamed.
    FilesException naming(Path from, Path to) {
        IOException cause = getCause() instanceof IOException io ? io : null;
        return new FilesException(getMessage().replace(from.toString(), to.toString()), cause, exitStatus);
    }

    @Override
    public int exitStatus() {
        return exitStatus;
    }

    private static boolean isWrongName(IOException cause) {
        return switch (cause) {
            case NoSuchFileException missing -> true;
            case AccessDeniedException denied -> true;
            case FileAlreadyExistsException file -> true;
            case NotDirectoryException file -> true;
            default -> false;
        };
    }

    private static String reason(IOException cause) {
        return switch (cause) {
            case NoSuchFileException missing -> "there is no such file or folder";
            case AccessDeniedException denied -> "permission denied";
            case FileAlreadyExistsException file -> file.getFile() + " is a file, not a folder";
            case NotDirectoryException file -> file.getFile() + " is a file, not a folder";
            case FileSystemException other when other.getReason() != null -> other.getReason();
            case JsonProcessingException json -> "it is no valid JSON: " + JsonProblem.describe(json);
            default -> cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
        };
    }
}
