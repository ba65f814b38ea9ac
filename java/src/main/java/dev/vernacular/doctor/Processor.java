package dev.vernacular.doctor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/// The processor, as the system describes it. What of it the kernels use is in the `cpu` backend's
/// [BackendState#features].
///
/// @param model   the maker's name for it
/// @param machine architecture in Java's word: `amd64`
/// @param threads that this process may use: affinity and cgroup respected
public record Processor(String model, String machine, int threads) {
    static Processor of(Path root) {
        return new Processor(
                model(root.resolve("proc/cpuinfo")),
                System.getProperty("os.arch"),
                Runtime.getRuntime().availableProcessors());
    }

    private static String model(Path cpuinfo) {
        try (Stream<String> lines = Files.lines(cpuinfo)) {
            return lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse("unknown");
        } catch (IOException notLinux) {
            return "unknown";
        }
    }
}
