package dev.vernacular.files;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// Folders with all that is in them.
public final class Folders {
    private Folders() {}

    /// Writes files into a folder so that a failure at any moment leaves the folder as it was: into another
    /// beside it, which takes its name, or gives it its files if it is there.
    ///
    /// @param content writes into the folder that it is given, which is empty
    /// @throws FilesException if the folder cannot be written
    public static void write(Path target, Consumer<Path> content) {
        Path whole = target.toAbsolutePath().normalize();
        Path beside = whole.resolveSibling(
                "." + whole.getFileName() + "." + ProcessHandle.current().pid() + ".part");
        Thread cleaner = new Thread(() -> delete(beside)); // SIGINT and SIGTERM run no `finally`
        Runtime.getRuntime().addShutdownHook(cleaner);
        try {
            Files.createDirectories(beside);
            content.accept(beside);
            moveInto(beside, whole);
        } catch (FilesException e) {
            throw e.naming(beside, target);
        } catch (IOException e) {
            throw FilesException.writing(target, e);
        } finally {
            delete(beside);
            forget(cleaner);
        }
    }

    private static void moveInto(Path from, Path to) throws IOException {
        if (!Files.exists(to)) {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
            return;
        }
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.move(
                        file,
                        to.resolve(file.getFileName()),
                        StandardCopyOption.ATOMIC_MOVE,
                        StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    private static void forget(Thread cleaner) {
        try {
            Runtime.getRuntime().removeShutdownHook(cleaner);
        } catch (IllegalStateException shuttingDown) {
            // It runs now, and finds nothing to delete.
            shuttingDown.getMessage();
        }
    }

    /// Deletes `folder`; what links in it point to stays. Does nothing if there is none.
    ///
    /// @throws FilesException if something in it cannot be deleted
    public static void delete(Path folder) {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> walk = Files.walk(folder)) {
            for (Path path : walk.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        } catch (IOException e) {
            throw FilesException.writing(folder, e);
        }
    }
}
