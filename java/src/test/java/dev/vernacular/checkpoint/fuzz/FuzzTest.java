package dev.vernacular.checkpoint.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vernacular.files.Folders;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import net.jqwik.api.lifecycle.AfterProperty;

/// A property of one reader: a folder for the files, and a count of what became of them.
abstract class FuzzTest {
    /// In memory where the system has such a folder: a million small files would wear a disk.
    private static final Path MEMORY = Path.of("/dev/shm");

    /// Fewer come from a failure that stopped the property.
    private static final int ENOUGH = 1000;

    private final Path folder = newFolder();
    private int read;
    private int refused;

    private static Path newFolder() {
        try {
            return Files.isWritable(MEMORY)
                    ? Files.createTempDirectory(MEMORY, "vernacular-fuzz-")
                    : Files.createTempDirectory("vernacular-fuzz-");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The mutants reach deep if some of them still are valid, and are of use if some are not.
    @AfterProperty
    void someWereReadAndSomeRefused() {
        Folders.delete(folder);
        System.err.println("STAT " + getClass().getSimpleName() + " read " + read + " refused " + refused);
        if (read + refused >= ENOUGH) {
            assertThat(read).as("files read, %d were refused", refused).isPositive();
            assertThat(refused).as("files refused, %d were read", read).isPositive();
        }
    }

    Path file(String name) {
        return folder.resolve(name);
    }

    Path write(String name, byte[] bytes) {
        try {
            Path file = folder.resolve(name);
            Files.createDirectories(file.getParent());
            return Files.write(file, bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Counts what [Reading#assertReadOrRefused] finds.
    void check(Reading.Action action, String... named) {
        if (Reading.assertReadOrRefused(action, named).isPresent()) {
            refused++;
        } else {
            read++;
        }
    }

    /// As [#check], of all of a model; a tokenizer inside names its own file.
    void checkModel(Path path, String... named) {
        check(() -> Reading.model(path), concat(named, "vocab.json", "merges.txt", "tokenizer.json"));
    }

    private static String[] concat(String[] some, String... more) {
        String[] all = java.util.Arrays.copyOf(some, some.length + more.length);
        System.arraycopy(more, 0, all, some.length, more.length);
        return all;
    }
}
