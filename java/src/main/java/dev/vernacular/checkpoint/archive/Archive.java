package dev.vernacular.checkpoint.archive;

import dev.vernacular.files.FileBytes;
import dev.vernacular.files.FilesException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// The files of a `.nemo` model by name, read where they lie: in a tar, in a gzipped tar (unpacked to a
/// temporary file that is gone at once), or in a folder. Names are relative, with `/`, without a leading `./`.
public final class Archive implements AutoCloseable {
    private static final int MOST_FILES = 10_000;
    private static final int DEEPEST_FOLDER = 4;
    private final Path path;
    private final Map<String, Place> places;
    private final Map<Path, FileBytes> open = new HashMap<>();

    /// Where a file of the archive is.
    private record Place(Path file, long offset, long size) {}

    private Archive(Path path, Map<String, Place> places) {
        this.path = path;
        this.places = places;
    }

    /// Opens a tar, gzipped or not, or a folder.
    ///
    /// @throws FilesException   if it cannot be read
    /// @throws ArchiveException if it is damaged, or an entry has an unsafe name or is a link or a device
    public static Archive open(Path path) {
        try {
            return Files.isDirectory(path) ? new Archive(path, folder(path)) : tar(path);
        } catch (IOException e) {
            throw FilesException.reading(path, e);
        } catch (UncheckedIOException e) {
            throw FilesException.reading(path, e.getCause());
        }
    }

    public List<String> names() {
        return List.copyOf(places.keySet());
    }

    /// The bytes of a file, up to [#close()].
    ///
    /// @throws FilesException if a folder's file cannot be read
    public Optional<FileBytes> find(String name) {
        return Optional.ofNullable(places.get(name))
                .map(place ->
                        open.computeIfAbsent(place.file(), FileBytes::open).slice(place.offset(), place.size()));
    }

    /// As [#find], copied to memory.
    ///
    /// @throws ArchiveException if there are more than `most`
    public Optional<byte[]> bytes(String name, long most) {
        return find(name).map(found -> {
            if (found.size() > most) {
                throw new ArchiveException(label(name) + " has " + found.size() + " bytes, the limit is " + most
                        + "\n  No model needs that.");
            }
            return found.segment().toArray(ValueLayout.JAVA_BYTE);
        });
    }

    /// Names a file inside this archive, for errors.
    public String label(String name) {
        return path + ": " + name;
    }

    @Override
    public void close() {
        open.values().forEach(FileBytes::close);
    }

    private static Archive tar(Path path) throws IOException {
        if (!Gzip.isGzip(path)) {
            return opened(path, path);
        }
        Path unpacked = Gzip.unpack(path);
        try {
            return opened(unpacked, path);
        } finally {
            // The open file keeps the bytes alive, so that nothing stays behind whatever happens.
            Files.delete(unpacked);
        }
    }

    private static Archive opened(Path tar, Path named) throws IOException {
        Map<String, Place> places = new LinkedHashMap<>();
        TarReader.entries(tar, named.toString(), MOST_FILES)
                .forEach((name, entry) -> places.put(name, new Place(tar, entry.offset(), entry.size())));
        Archive archive = new Archive(named, places);
        archive.open.put(tar, FileBytes.open(tar));
        return archive;
    }

    private static Map<String, Place> folder(Path folder) throws IOException {
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
        Map<String, Place> places = new LinkedHashMap<>();
        for (Path file : found) {
            String name = folder.relativize(file).toString().replace('\\', '/');
            places.put(name, new Place(file, 0, Files.size(file)));
        }
        return places;
    }
}
