package dev.vernacular.files;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/// Writes a file so that it is either whole or as it was: beside the target, fsynced, renamed over it, and the
/// folder fsynced so that the rename survives a power cut.
public final class AtomicFile {
    private AtomicFile() {}

    /// Writes the content to `channel`, which is empty and at position 0.
    @FunctionalInterface
    public interface Content {
        void writeTo(FileChannel channel) throws IOException;
    }

    /// @throws FilesException if the target cannot be written; the target is then unchanged and nothing is left
    ///                        beside it
    public static void write(Path target, Content content) {
        Path beside = target.resolveSibling(
                "." + target.getFileName() + "." + ProcessHandle.current().pid() + ".part");
        beside.toFile().deleteOnExit(); // SIGINT and SIGTERM run no `finally`
        try {
            createParents(target);
            try (FileChannel channel = FileChannel.open(
                    beside,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING,
                    StandardOpenOption.READ,
                    StandardOpenOption.WRITE)) {
                content.writeTo(channel);
                channel.force(true);
            }
            Files.move(beside, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            try (FileChannel folder = FileChannel.open(parent(target), StandardOpenOption.READ)) {
                folder.force(true);
            }
        } catch (IOException e) {
            throw FilesException.writing(target, e);
        } finally {
            deleteQuietly(beside);
        }
    }

    /// @throws FilesException if `target` exists and `force` is false
    public static void refuseToReplace(Path target, boolean force) {
        if (!force && Files.exists(target)) {
            throw new FilesException(
                    target + " exists already\n  Choose another output, or add --force to replace it.");
        }
    }

    /// Creates the folders above `target`.
    public static void createParents(Path target) throws IOException {
        Files.createDirectories(parent(target));
    }

    private static Path parent(Path target) {
        return target.toAbsolutePath().getParent();
    }

    private static void deleteQuietly(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException leftBehind) {
            // The failure that matters is already on its way; a stray .part file harms nobody.
            leftBehind.getMessage();
        }
    }
}
