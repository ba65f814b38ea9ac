package dev.vernacular.kernels.contract;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vernacular.kernels.Backend;
import dev.vernacular.kernels.Backends;
import dev.vernacular.kernels.KernelException;
import dev.vernacular.kernels.Kernels;
import dev.vernacular.kernels.ffm.NativeKernels;
import dev.vernacular.kernels.ffm.NativeLibrary;
import dev.vernacular.kernels.memory.CpuDevice;
import dev.vernacular.kernels.memory.Device;
import dev.vernacular.kernels.reference.ReferenceKernels;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// A backend under test: the reference, the native library with one instruction set, once for every thread
/// count, or the CUDA kernels: on a GPU if there is one, else in the emulator.
///
/// @param device    whose memory the kernels see
/// @param alignment of tensors' addresses in bytes; 0: no more than that of their elements
record Target(String name, Device device, List<Kernels> kernels, long alignment) {
    private static final int[] THREADS = {1, 2, 3, 8};
    /// `-Dvernacular.contract.targets=REGEX` runs the contract on some backends alone.
    private static final String CHOSEN = System.getProperty("vernacular.contract.targets", ".*");

    private static final List<Target> ALL =
            list().stream().filter(target -> target.name.matches(CHOSEN)).toList();

    static Stream<Target> all() {
        return ALL.stream();
    }

    static Stream<Target> natives() {
        return ALL.stream().filter(Target::isNative);
    }

    Memory memory(Storage storage) {
        return new Memory(storage, false, alignment, device);
    }

    boolean isNative() {
        return !name.equals("reference");
    }

    /// Of CUDA, which takes them where addresses and sizes allow.
    boolean hasTensorCores() {
        return name.startsWith("cuda") && alignment >= 16;
    }

    Kernels first() {
        return kernels.getFirst();
    }

    @Override
    public String toString() {
        return name;
    }

    private static List<Target> list() {
        List<Target> targets = new ArrayList<>();
        targets.add(new Target("reference", new CpuDevice(), List.of(new ReferenceKernels()), 0));
        NativeLibrary library;
        try {
            library = NativeLibrary.cpu();
        } catch (KernelException notBuilt) {
            return targets;
        }
        try {
            for (JsonNode isa : new ObjectMapper().readTree(library.describe()).get("isas")) {
                List<Kernels> kernels = new ArrayList<>();
                for (int threads : THREADS) {
                    kernels.add(NativeKernels.open(library, threads, Optional.of(isa.asText())));
                }
                targets.add(new Target("cpu " + isa.asText(), new CpuDevice(), kernels, 0));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        targets.addAll(cuda());
        return targets;
    }

    /// One of the two: a process has one driver.
    private static List<Target> cuda() {
        Backend backend;
        try {
            backend = Backends.open("cuda", 0, Optional.empty());
        } catch (KernelException noGpu) {
            backend = Backends.open("cuda-emulated", 0, Optional.empty());
        }
        List<Kernels> kernels = List.of(backend.kernels());
        return List.of(
                new Target(backend.name(), backend.device(), kernels, 256),
                new Target(backend.name() + ", odd addresses", backend.device(), kernels, 0));
    }
}
