package dev.vernacular.kernels.memory;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/// Memory in bytes.
///
/// @param total     of the machine
/// @param usable    what this process may use: less than `total` under a container's (cgroup's) limit
/// @param available what is free now or can be freed, at most `usable`
public record MachineMemory(long total, long usable, long available) {
    public static MachineMemory ofThisMachine() {
        return of(Path.of("/"));
    }

    /// Java knows the cgroup's limit; the machine's own numbers are in `/proc/meminfo`.
    public static MachineMemory of(Path root) {
        long limit =
                ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
        return read(root.resolve("proc/meminfo"), limit);
    }

    /// @param limit bytes that this process may use
    public static MachineMemory read(Path meminfo, long limit) {
        List<String> lines;
        try {
            lines = Files.readAllLines(meminfo);
        } catch (IOException notLinux) {
            lines = List.of();
        }
        long total = kilobytes(lines, "MemTotal:").orElse(limit);
        long usable = Math.min(total, limit);
        return new MachineMemory(
                total,
                usable,
                Math.min(usable, kilobytes(lines, "MemAvailable:").orElse(usable)));
    }

    private static OptionalLong kilobytes(List<String> lines, String key) {
        return lines.stream()
                .filter(line -> line.startsWith(key))
                .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", "")))
                .findFirst();
    }
}
