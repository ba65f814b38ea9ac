package dev.vernacular.doctor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// What an NVIDIA GPU would need, as far as files tell: nothing is loaded.
///
/// @param driver        `libcuda.so.1`, which the driver brings
/// @param driverVersion of the kernel module
/// @param devices       names of the GPUs that the kernel module lists
/// @param cublas        `libcublas.so.*` of a CUDA toolkit
/// @param searched      folders looked into for the libraries
public record CudaFiles(
        Optional<Path> driver,
        Optional<String> driverVersion,
        List<String> devices,
        Optional<Path> cublas,
        List<Path> searched) {
    private static final List<String> FOLDERS = List.of(
            "usr/lib/x86_64-linux-gnu",
            "usr/lib64",
            "usr/lib/wsl/lib",
            "usr/local/nvidia/lib64",
            "usr/local/nvidia/lib");

    /// @param root the file system's root
    static CudaFiles of(Path root, Map<String, String> environment) {
        List<Path> searched = folders(root, environment);
        Path module = root.resolve("proc/driver/nvidia");
        return new CudaFiles(
                find(searched, "libcuda.so.1"),
                version(module.resolve("version")),
                devices(module.resolve("gpus")),
                find(searched, "libcublas.so"),
                searched);
    }

    private static List<Path> folders(Path root, Map<String, String> environment) {
        List<Path> folders = new ArrayList<>();
        for (String folder : environment.getOrDefault("LD_LIBRARY_PATH", "").split(":")) {
            if (!folder.isBlank()) {
                folders.add(Path.of(folder));
            }
        }
        for (String variable : List.of("CUDA_HOME", "CUDA_PATH")) {
            Optional.ofNullable(environment.get(variable))
                    .filter(value -> !value.isBlank())
                    .ifPresent(value -> folders.add(Path.of(value, "lib64")));
        }
        FOLDERS.forEach(folder -> folders.add(root.resolve(folder)));
        // The newest toolkit first.
        entries(root.resolve("usr/local")).stream()
                .filter(entry -> entry.getFileName().toString().startsWith("cuda"))
                .sorted(Comparator.reverseOrder())
                .forEach(entry -> folders.add(entry.resolve("lib64")));
        return folders;
    }

    private static Optional<Path> find(List<Path> folders, String prefix) {
        return folders.stream()
                .flatMap(folder -> entries(folder).stream())
                .filter(entry -> entry.getFileName().toString().startsWith(prefix))
                .findFirst();
    }

    /// The module's first line reads `NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar ...`.
    private static Optional<String> version(Path file) {
        try (Stream<String> lines = Files.lines(file)) {
            return lines.findFirst().map(line -> line.replaceAll(".*?(\\d+\\.\\d+(\\.\\d+)?)\\s.*", "$1"));
        } catch (IOException absent) {
            return Optional.empty();
        }
    }

    private static List<String> devices(Path gpus) {
        List<String> names = new ArrayList<>();
        for (Path gpu : entries(gpus)) {
            try (Stream<String> lines = Files.lines(gpu.resolve("information"))) {
                lines.filter(line -> line.startsWith("Model:"))
                        .map(line -> line.substring("Model:".length()).strip())
                        .forEach(names::add);
            } catch (IOException unreadable) {
                names.add(gpu.getFileName() + " (its information cannot be read)");
            }
        }
        return names;
    }

    private static List<Path> entries(Path folder) {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.sorted().toList();
        } catch (IOException absent) {
            return List.of();
        }
    }
}
