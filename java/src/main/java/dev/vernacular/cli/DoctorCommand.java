package dev.vernacular.cli;

import dev.vernacular.cuda.CudaLayers.Layer;
import dev.vernacular.doctor.BackendState;
import dev.vernacular.doctor.Checkup;
import dev.vernacular.doctor.CudaFiles;
import dev.vernacular.doctor.JavaSearch;
import dev.vernacular.doctor.Problem;
import dev.vernacular.kernels.memory.MachineMemory;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// `doctor`: what this machine has, what the program chose, and what to do about what is missing.
@Command(
        name = "doctor",
        mixinStandardHelpOptions = true,
        description = "Says what was searched, found and chosen on this machine, and each problem with its next step.",
        footer = {"", "Example:", "  vernacular doctor"})
final class DoctorCommand implements Runnable {
    private static final long MEBI = 1 << 20;

    @Mixin
    CommonOptions common;

    @Override
    public void run() {
        Checkup checkup = Checkup.ofThisMachine();
        if (common.json) {
            Console.json(json(checkup));
        } else {
            print(checkup);
        }
    }

    private static void print(Checkup checkup) {
        JavaSearch java = checkup.java();
        row("java", java.version() + " (" + java.vendor() + ") in " + java.home());
        row("", "needs " + JavaSearch.NEEDED + " or newer; searched " + String.join(", ", java.searched()));
        java.others()
                .forEach(other -> row("", "also " + other.version() + " in " + other.home() + " by " + other.where()));
        row("cpu", checkup.processor().model() + ", " + checkup.processor().threads() + " threads for this process");
        MachineMemory memory = checkup.memory();
        row(
                "memory",
                "%d MB, %d MB for this process, %d MB free now; Java's heap up to %d MB"
                        .formatted(
                                memory.total() / MEBI,
                                memory.usable() / MEBI,
                                memory.available() / MEBI,
                                java.maxHeap() / MEBI));
        checkup.backends().forEach((name, state) -> print(name, state, name.equals(checkup.chosen())));
        CudaFiles cuda = checkup.cuda();
        row("gpu", cuda.devices().isEmpty() ? "none listed by an NVIDIA driver" : String.join(", ", cuda.devices()));
        row(
                "",
                "driver library " + found(cuda.driver())
                        + cuda.driverVersion()
                                .map(version -> ", version " + version)
                                .orElse(""));
        row("", "cuBLAS " + found(cuda.cublas()));
        for (Layer layer : checkup.cudaLayers()) {
            row("cuda " + layer.name(), (layer.isFound() ? "yes: " : "no: ") + layer.what());
        }
        if (cuda.driver().isEmpty() || cuda.cublas().isEmpty()) {
            row("", "searched " + cuda.searched().stream().map(Path::toString).collect(Collectors.joining(", ")));
        }
        Console.result("");
        if (checkup.problems().isEmpty()) {
            Console.result("No problems.");
        }
        for (Problem problem : checkup.problems()) {
            Console.result("problem: " + problem.what());
            Console.result("  next:  " + problem.next());
        }
    }

    private static void print(String name, BackendState state, boolean isChosen) {
        row(name, (state.available() ? "yes" : "no") + (isChosen ? ", chosen by auto: " : ": ") + state.reason());
        state.library().ifPresent(file -> row("", "library " + file));
        if (!state.features().isEmpty()) {
            row("", "instruction sets " + String.join(", ", state.features()));
        }
    }

    private static String found(Optional<Path> file) {
        return file.map(Path::toString).orElse("not found");
    }

    private static void row(String label, String text) {
        Console.result("%-14s %s".formatted(label, text));
    }

    private static Map<String, Object> json(Checkup checkup) {
        JavaSearch java = checkup.java();
        Map<String, Object> backends = new LinkedHashMap<>();
        checkup.backends().forEach((name, state) -> backends.put(name, json(state)));
        return map(
                "java",
                map(
                        "version",
                        java.version(),
                        "vendor",
                        java.vendor(),
                        "home",
                        java.home().toString(),
                        "needs",
                        JavaSearch.NEEDED,
                        "max_heap_bytes",
                        java.maxHeap(),
                        "searched",
                        java.searched(),
                        "others",
                        java.others().stream().map(DoctorCommand::json).toList()),
                "cpu",
                map(
                        "model",
                        checkup.processor().model(),
                        "machine",
                        checkup.processor().machine(),
                        "threads",
                        checkup.processor().threads()),
                "memory",
                map(
                        "total_bytes",
                        checkup.memory().total(),
                        "usable_bytes",
                        checkup.memory().usable(),
                        "available_bytes",
                        checkup.memory().available()),
                "backends",
                backends,
                "chosen",
                checkup.chosen(),
                "cuda",
                json(checkup.cuda(), checkup.cudaLayers()),
                "problems",
                checkup.problems().stream()
                        .map(problem -> map("what", problem.what(), "next", problem.next()))
                        .toList());
    }

    private static Map<String, Object> json(JavaSearch.Candidate candidate) {
        return map("version", candidate.version(), "home", candidate.home().toString(), "where", candidate.where());
    }

    private static Map<String, Object> json(BackendState state) {
        return map(
                "available",
                state.available(),
                "why",
                state.why(),
                "library",
                state.library().map(Path::toString).orElse(null),
                "features",
                state.features());
    }

    private static Map<String, Object> json(CudaFiles cuda, List<Layer> layers) {
        Map<String, Object> byName = new LinkedHashMap<>();
        layers.forEach(layer -> byName.put(layer.name(), map("found", layer.isFound(), "what", layer.what())));
        return map(
                "driver",
                cuda.driver().map(Path::toString).orElse(null),
                "driver_version",
                cuda.driverVersion().orElse(null),
                "devices",
                cuda.devices(),
                "cublas",
                cuda.cublas().map(Path::toString).orElse(null),
                "searched",
                cuda.searched().stream().map(Path::toString).toList(),
                "layers",
                byName);
    }

    /// Keys and values alternate; a value may be null, JSON's word for what is not there.
    private static Map<String, Object> map(Object... keysAndValues) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            map.put((String) keysAndValues[i], keysAndValues[i + 1]);
        }
        return map;
    }
}
