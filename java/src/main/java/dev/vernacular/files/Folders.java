package dev.vernacular.files;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/// Folders with all that is in them.
public final class Folders {
    private Folders() {}

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
