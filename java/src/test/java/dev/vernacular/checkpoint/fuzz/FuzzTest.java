package dev.vernacular.checkpoint.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vernacular.files.AtomicFile;
import dev.vernacular.files.Folders;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
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
        if (read + refused >= ENOUGH) {
            assertThat(read).as("files read, %d were refused", refused).isPositive();
            assertThat(refused).as("files refused, %d were read", read).isPositive();
        }
    }

    Path file(String name) {
        return folder.resolve(name);
    }

    /// Writes over the last file of that name, whose memory stays in use.
    Path write(String name, byte[] bytes) {
        Path file = folder.resolve(name);
        try {
            Files.createDirectories(file.getParent());
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                AtomicFile.writeAll(channel, ByteBuffer.wrap(bytes));
                channel.truncate(bytes.length);
            }
            return file;
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

    /// As [#check], of all of a model.
    void checkModel(Path path, String... named) {
        check(() -> Reading.model(path), named);
    }
}
