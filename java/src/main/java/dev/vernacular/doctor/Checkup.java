package dev.vernacular.doctor;

import dev.vernacular.cuda.CudaLayers;
import dev.vernacular.cuda.CudaLayers.Layer;
import dev.vernacular.kernels.memory.MachineMemory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// What was found on this machine, and what of it is a problem.
///
/// @param backends   by name, in the order in which `auto` prefers them
/// @param cuda       as far as files tell
/// @param cudaLayers as far as loading tells
public record Checkup(
        JavaSearch java,
        Processor processor,
        MachineMemory memory,
        Map<String, BackendState> backends,
        CudaFiles cuda,
        List<Layer> cudaLayers,
        List<Problem> problems) {
    private static final List<String> BACKENDS = List.of("cuda", "cpu", "cuda-emulated", "reference");
    private static final long LITTLE_MEMORY = 2L << 30;

    /// Looks at this machine; opens each backend once and closes it.
    public static Checkup ofThisMachine() {
        Path root = Path.of("/");
        Map<String, String> environment = System.getenv();
        // First: the emulated backend puts its driver into the process for good.
        List<Layer> layers = CudaLayers.ofThisMachine();
        Map<String, BackendState> backends = new LinkedHashMap<>();
        BACKENDS.forEach(name -> backends.put(name, BackendState.of(name)));
        MachineMemory memory = MachineMemory.of(root);
        CudaFiles cuda = CudaFiles.of(root, environment);
        return new Checkup(
                JavaSearch.of(root, environment),
                Processor.of(root),
                memory,
                backends,
                cuda,
                layers,
                problems(backends, memory, cuda));
    }

    /// The backend that `--backend auto` takes.
    public String chosen() {
        return backends.entrySet().stream()
                .filter(entry -> entry.getValue().available() && !entry.getKey().equals("cuda-emulated"))
                .map(Map.Entry::getKey)
                .findFirst()
                .orElse("none");
    }

    static List<Problem> problems(Map<String, BackendState> backends, MachineMemory memory, CudaFiles cuda) {
        List<Problem> problems = new ArrayList<>();
        BackendState cpu = backends.get("cpu");
        if (!cpu.available()) {
            String next = cpu.why().lines().skip(1).map(String::strip).collect(Collectors.joining(" "));
            problems.add(new Problem(
                    "The cpu backend cannot be had: " + cpu.reason(),
                    next.isEmpty() ? "Mend that, or use --backend reference: plain Java, slow." : next));
        } else if (cpu.features().equals(List.of("scalar"))) {
            problems.add(new Problem(
                    "The processor has no AVX2 with FMA, or the system does not allow it: kernels run without vectors.",
                    "In a virtual machine, give it the host's processor model; else expect training to be slow."));
        }
        if (memory.usable() < LITTLE_MEMORY) {
            problems.add(new Problem(
                    "This process may use %d MB of memory, the demo alone wants about %d MB."
                            .formatted(memory.usable() >> 20, LITTLE_MEMORY >> 20),
                    "Raise the container's memory limit; `train --dry-run` prints what a run needs."));
        }
        boolean hasGpu = !cuda.devices().isEmpty();
        if (hasGpu && !backends.get("cuda").available()) {
            problems.add(new Problem(
                    "There is a GPU (" + String.join(", ", cuda.devices()) + ") that is not used: "
                            + backends.get("cuda").reason(),
                    "Runs go to the " + (cpu.available() ? "cpu" : "reference")
                            + " backend; nothing needs to be done."));
        }
        if (hasGpu && cuda.driver().isEmpty()) {
            problems.add(new Problem(
                    "The GPU's kernel module is loaded, but libcuda.so.1 is in no folder searched.",
                    "In a container, start it with the NVIDIA container toolkit (docker run --gpus all)."));
        }
        return problems;
    }
}
