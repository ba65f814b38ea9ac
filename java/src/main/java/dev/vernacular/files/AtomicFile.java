package dev.vernacular.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
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
        if (Files.isDirectory(target)) {
            throw new FilesException("cannot write " + target + ": it is a folder, not a file");
        }
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

    /// As [#write(Path, Content)], of bytes at hand.
    public static void write(Path target, byte[] bytes) {
        write(target, channel -> writeAll(channel, ByteBuffer.wrap(bytes)));
    }

    /// Writes all that is left in `bytes`; a channel may take less at a time.
    public static void writeAll(WritableByteChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
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
