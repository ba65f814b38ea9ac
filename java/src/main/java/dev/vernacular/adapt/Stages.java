package dev.vernacular.adapt;

import dev.vernacular.files.FilesException;
import dev.vernacular.files.Sha256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// Runs the stages of a job into one folder, each only if its outputs are not there whole or its inputs
/// changed: so the job can be stopped and started again.
final class Stages {
    private final Path folder;
    private final Manifest manifest;
    private final Consumer<String> log;

    /// @param log gets a line for each stage
    Stages(Path folder, String program, Consumer<String> log) {
        this.folder = folder;
        this.manifest = Manifest.read(folder, program);
        this.log = log;
    }

    /// The work of a stage; it writes the stage's outputs.
    @FunctionalInterface
    interface Work {
        void run();
    }

    /// @param inputs  everything the result depends on: settings as text, files by [#fingerprint]
    /// @param outputs the files or folders that the work writes, below the job's folder
    void run(String name, Map<String, String> inputs, List<Path> outputs, Work work) {
        Manifest.Stage before = manifest.stages().get(name);
        if (before != null && before.inputs().equals(new TreeMap<>(inputs)) && areWhole(before.outputs(), outputs)) {
            log.accept(name + ": done before (" + seconds(before.seconds()) + ")");
            return;
        }
        manifest.stages().remove(name);
        log.accept(name + " …");
        long start = System.nanoTime();
        work.run();
        double seconds = (System.nanoTime() - start) / 1e9;
        manifest.stages().put(name, new Manifest.Stage(new TreeMap<>(inputs), stamps(outputs), seconds));
        manifest.write(folder);
        log.accept(name + ": " + seconds(seconds));
    }

    /// Seconds of each stage, those of an earlier run for stages that were skipped.
    Map<String, Double> seconds() {
        Map<String, Double> seconds = new LinkedHashMap<>();
        manifest.stages().forEach((name, stage) -> seconds.put(name, stage.seconds()));
        return seconds;
    }

    /// Keeps the settings of this run in the manifest.
    void record(Map<String, String> settings) {
        manifest.settings().clear();
        manifest.settings().putAll(settings);
        manifest.write(folder);
    }

    /// SHA-256 of a file, or of the names and contents of a folder's files. A file whose size and time are as
    /// recorded is not read again.
    String fingerprint(Path path) {
        try {
            if (!Files.isDirectory(path)) {
                return fileFingerprint(path);
            }
            MessageDigest digest = Sha256.digest();
            for (Path file : filesBelow(path)) {
                digest.update((path.relativize(file) + "\n" + fileFingerprint(file) + "\n").getBytes());
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (IOException e) {
            throw FilesException.reading(path, e);
        }
    }

    private String fileFingerprint(Path file) throws IOException {
        String key = file.toAbsolutePath().normalize().toString();
        Manifest.FileStamp known = manifest.files().get(key);
        Manifest.FileStamp now = stamp(file);
        if (known != null && known.bytes() == now.bytes() && known.modified() == now.modified()) {
            return known.sha256();
        }
        String hash = Sha256.of(file);
        manifest.files().put(key, new Manifest.FileStamp(hash, now.bytes(), now.modified()));
        return hash;
    }

    private boolean areWhole(Map<String, Manifest.FileStamp> recorded, List<Path> outputs) {
        return outputs.stream().allMatch(Files::exists) && recorded.equals(stamps(outputs));
    }

    private Map<String, Manifest.FileStamp> stamps(List<Path> outputs) {
        Map<String, Manifest.FileStamp> stamps = new TreeMap<>();
        for (Path output : outputs) {
            try {
                for (Path file : filesBelow(output)) {
                    stamps.put(folder.relativize(file).toString(), stamp(file));
                }
            } catch (IOException e) {
                throw FilesException.reading(output, e);
            }
        }
        return stamps;
    }

    private static Manifest.FileStamp stamp(Path file) throws IOException {
        return new Manifest.FileStamp(
                "", Files.size(file), Files.getLastModifiedTime(file).toMillis());
    }

    private static List<Path> filesBelow(Path path) throws IOException {
        try (Stream<Path> walk = Files.walk(path)) {
            return walk.filter(Files::isRegularFile).sorted().toList();
        }
    }

    private static String seconds(double seconds) {
        return seconds < 60
                ? "%.1f s".formatted(seconds)
                : "%d min %d s".formatted((int) seconds / 60, (int) seconds % 60);
    }
}
