package dev.vernacular.doctor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/// The Java that runs this program, and the others that the launcher could have chosen.
///
/// @param version  of the one that runs, such as `25.0.1`
/// @param home     its folder
/// @param maxHeap  bytes that its heap may grow to; weights and activations lie outside the heap
/// @param searched where the launcher looks, in its order
/// @param others   the Javas found there, the running one left out
public record JavaSearch(
        String version, String vendor, Path home, long maxHeap, List<String> searched, List<Candidate> others) {
    /// The oldest Java that runs this program.
    public static final int NEEDED = 22;

    private static final List<String> VARIABLES = List.of("VERNACULAR_JAVA", "JAVA_HOME");
    private static final List<String> FOLDERS = List.of("usr/lib/jvm", "~/.sdkman/candidates/java", "~/.jdks");

    /// @param version as the file `release` of the installation states it; `?` if it does not
    /// @param where   what led to it: a variable or a folder
    public record Candidate(String version, Path home, String where) {}

    /// @param root the file system's root
    static JavaSearch of(Path root, Map<String, String> environment) {
        Path home = Path.of(System.getProperty("java.home"));
        List<String> searched = new ArrayList<>(VARIABLES);
        searched.add("PATH");
        FOLDERS.forEach(folder -> searched.add(folder.startsWith("~") ? folder : "/" + folder));
        return new JavaSearch(
                Runtime.version().toString(),
                System.getProperty("java.vendor"),
                home,
                Runtime.getRuntime().maxMemory(),
                searched,
                candidates(root, environment, home));
    }

    private static List<Candidate> candidates(Path root, Map<String, String> environment, Path running) {
        List<Candidate> found = new ArrayList<>();
        Set<Path> seen = new LinkedHashSet<>(List.of(running));
        for (String variable : VARIABLES) {
            Optional.ofNullable(environment.get(variable))
                    .filter(value -> !value.isBlank())
                    .ifPresent(value -> add(found, seen, Path.of(value), variable));
        }
        Path user = Path.of(environment.getOrDefault("HOME", "/"));
        for (String folder : FOLDERS) {
            Path place = folder.startsWith("~/") ? user.resolve(folder.substring(2)) : root.resolve(folder);
            children(place).forEach(child -> add(found, seen, child, place.toString()));
        }
        return found;
    }

    private static void add(List<Candidate> found, Set<Path> seen, Path home, String where) {
        if (Files.isExecutable(home.resolve("bin/java")) && seen.add(home)) {
            found.add(new Candidate(release(home), home, where));
        }
    }

    /// Folders in it that are no links: distributions link one Java under several names.
    private static List<Path> children(Path folder) {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(entry -> !Files.isSymbolicLink(entry))
                    .sorted()
                    .toList();
        } catch (IOException absent) {
            return List.of();
        }
    }

    private static String release(Path home) {
        try (Stream<String> lines = Files.lines(home.resolve("release"))) {
            return lines.filter(line -> line.startsWith("JAVA_VERSION="))
                    .map(line -> line.substring("JAVA_VERSION=".length()).replace("\"", ""))
                    .findFirst()
                    .orElse("?");
        } catch (IOException absent) {
            return "?";
        }
    }
}
