package dev.vernacular.files;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.stream.Stream;

/// The files that names and patterns on a command line stand for.
public final class InputFiles {
    private static final String GLOB_SIGNS = "*?[{";

    private InputFiles() {}

    /// Each name as it is, each pattern (`*`, `**`, `?`, `[…]`, `{…}`) as the files it matches, sorted by name;
    /// no file twice.
    ///
    /// @throws FilesException if a file is missing or a pattern matches none
    public static List<Path> find(List<String> patterns) {
        LinkedHashSet<Path> found = new LinkedHashSet<>();
        for (String pattern : patterns) {
            Path literal = Path.of(pattern);
            if (Files.exists(literal)) {
                found.add(literal);
            } else if (firstGlobSign(pattern) < 0) {
                throw new FilesException("cannot read " + pattern + ": there is no such file or folder");
            } else {
                found.addAll(matches(pattern));
            }
        }
        return new ArrayList<>(found);
    }

    /// The files below `folder` whose path relative to it matches `filter`, sorted. As in Python, `**/` also
    /// stands for no folder at all.
    ///
    /// @throws FilesException if the folder cannot be read or no file matches
    public static List<Path> inFolder(Path folder, String filter) {
        PathMatcher exact = FileSystems.getDefault().getPathMatcher("glob:" + filter);
        PathMatcher here = FileSystems.getDefault().getPathMatcher("glob:" + filter.replace("**/", ""));
        try (Stream<Path> below = Files.walk(folder, depth(filter))) {
            List<Path> found = below.filter(Files::isRegularFile)
                    .filter(file -> {
                        Path relative = folder.relativize(file);
                        return exact.matches(relative) || here.matches(relative);
                    })
                    .sorted()
                    .toList();
            if (found.isEmpty()) {
                throw new FilesException(folder + " holds no file that matches '" + filter + "'");
            }
            return found;
        } catch (UncheckedIOException e) {
            throw FilesException.reading(folder, e.getCause());
        } catch (IOException e) {
            throw FilesException.reading(folder, e);
        }
    }

    private static List<Path> matches(String pattern) {
        int folderEnd = pattern.lastIndexOf('/', firstGlobSign(pattern));
        if (folderEnd < 0) {
            return inFolder(Path.of(""), pattern);
        }
        return inFolder(Path.of(pattern.substring(0, Math.max(1, folderEnd))), pattern.substring(folderEnd + 1));
    }

    private static int depth(String filter) {
        return filter.contains("**") ? Integer.MAX_VALUE : Path.of(filter).getNameCount();
    }

    private static int firstGlobSign(String pattern) {
        for (int i = 0; i < pattern.length(); i++) {
            if (GLOB_SIGNS.indexOf(pattern.charAt(i)) >= 0) {
                return i;
            }
        }
        return -1;
    }
}
