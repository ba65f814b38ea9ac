package dev.vernacular.checkpoint.archive;

import dev.vernacular.files.FilesException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// The files of a `.nemo` model by name, mapped where they lie: in a tar, in a gzipped tar (unpacked to a
/// temporary file that is gone at once), or in a folder. Names are relative, with `/`, without a leading `./`.
public final class Archive implements AutoCloseable {
    private static final int MOST_FILES = 10_000;
    private static final int DEEPEST_FOLDER = 4;
    private final Path path;
    private final Map<String, MemorySegment> files;
    private final Arena arena;

    private Archive(Path path, Map<String, MemorySegment> files, Arena arena) {
        this.path = path;
        this.files = files;
        this.arena = arena;
    }

    /// Opens a tar, gzipped or not, or a folder.
    ///
    /// @throws FilesException   if it cannot be read
    /// @throws ArchiveException if it is damaged, or an entry has an unsafe name or is a link or a device
    public static Archive open(Path path) {
        Arena arena = Arena.ofShared();
        try {
            return new Archive(path, Files.isDirectory(path) ? folder(path, arena) : tar(path, arena), arena);
        } catch (IOException e) {
            arena.close();
            throw FilesException.reading(path, e);
        } catch (RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    public List<String> names() {
        return List.copyOf(files.keySet());
    }

    public Optional<MemorySegment> find(String name) {
        return Optional.ofNullable(files.get(name));
    }

    /// Names a file inside this archive, for errors.
    public String label(String name) {
        return path + ": " + name;
    }

    @Override
    public void close() {
        arena.close();
    }

    private static Map<String, MemorySegment> tar(Path path, Arena arena) throws IOException {
        if (!Gzip.isGzip(path)) {
            return slices(path, path, arena);
        }
        Path unpacked = Gzip.unpack(path);
        try {
            return slices(unpacked, path, arena);
        } finally {
            // The mapping keeps the bytes alive, so that nothing stays behind whatever happens.
            Files.delete(unpacked);
        }
    }

    private static Map<String, MemorySegment> slices(Path tar, Path named, Arena arena) throws IOException {
        Map<String, TarReader.Entry> entries = TarReader.entries(tar, named.toString(), MOST_FILES);
        MemorySegment bytes = map(tar, arena);
        Map<String, MemorySegment> files = new LinkedHashMap<>();
        entries.forEach((name, entry) -> files.put(name, bytes.asSlice(entry.offset(), entry.size())));
        return files;
    }

    private static Map<String, MemorySegment> folder(Path folder, Arena arena) throws IOException {
        List<Path> found;
        try (Stream<Path> walk = Files.walk(folder, DEEPEST_FOLDER)) {
            found = walk.filter(Files::isRegularFile)
                    .sorted()
                    .limit(MOST_FILES + 1)
                    .toList();
        }
        if (found.size() > MOST_FILES) {
            throw new ArchiveException(folder + " holds more than " + MOST_FILES + " files\n  Is it a model's folder?");
        }
        Map<String, MemorySegment> files = new LinkedHashMap<>();
        for (Path file : found) {
            files.put(folder.relativize(file).toString().replace('\\', '/'), map(file, arena));
        }
        return files;
    }

    private static MemorySegment map(Path file, Arena arena) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
        }
    }
}
