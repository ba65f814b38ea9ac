package dev.vernacular.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `bench`: the commands that measure this machine.
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        description = "Measures this machine.",
        subcommands = {
            BenchTrainCommand.class,
            BenchGenerateCommand.class,
            BenchTokenizeCommand.class,
            BenchKernelsCommand.class
        })
final class BenchCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "say what to measure: " + String.join(", ", spec.subcommands().keySet()));
    }

    /// The most memory that this process ever held, as Linux counts it; 0 elsewhere.
    static long peakBytes() {
        try (var lines = Files.lines(Path.of("/proc/self/status"))) {
            return lines.filter(line -> line.startsWith("VmHWM:"))
                    .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst()
                    .orElse(0);
        } catch (IOException notLinux) {
            return 0;
        }
    }
}
