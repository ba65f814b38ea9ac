package dev.vernacular.cli;

import dev.vernacular.files.AtomicFile;
import dev.vernacular.packaging.RuntimePackage;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `package`: the program with its own Java runtime, in one archive.
@Command(
        name = "package",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Writes the program with its own Java runtime as one archive, for Linux hosts without Java.",
            "There: tar xzf vernacular.tar.gz && vernacular/bin/vernacular --help",
            "Example: vernacular package --output vernacular.tar.gz --cuda"
        })
final class PackageCommand implements Runnable {
    private static final double MEGABYTE = 1e6;

    @Mixin
    private CommonOptions common;

    @Option(names = "--output", required = true, paramLabel = "FILE.tar.gz", description = "The archive.")
    private Path output;

    @Option(
            names = "--cuda",
            description = "With the CUDA kernels for every GPU since Ampere: ./vernacular builds them first.")
    private boolean cuda;

    @Option(names = "--force", description = "Replace an older archive.")
    private boolean force;

    @Override
    public void run() {
        AtomicFile.refuseToReplace(output, force);
        RuntimePackage.Result result = RuntimePackage.write(output, cuda);
        if (common.json) {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("output", result.output().toString());
            json.put("bytes", result.bytes());
            json.put("modules", result.modules());
            Console.json(json);
        } else {
            Console.result("%s: %.1f MB; unpack it and run vernacular/bin/vernacular"
                    .formatted(result.output(), result.bytes() / MEGABYTE));
        }
    }
}
