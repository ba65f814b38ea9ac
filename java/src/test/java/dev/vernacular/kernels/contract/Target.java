package dev.vernacular.kernels.contract;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vernacular.kernels.KernelException;
import dev.vernacular.kernels.Kernels;
import dev.vernacular.kernels.ffm.NativeKernels;
import dev.vernacular.kernels.ffm.NativeLibrary;
import dev.vernacular.kernels.reference.ReferenceKernels;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// A backend under test: the reference, or the native library with one instruction set, once for every thread
/// count.
///
/// @param alignment of tensors' addresses in bytes; 0: no more than that of their elements
record Target(String name, List<Kernels> kernels, long alignment) {
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
        targets.add(new Target("reference", List.of(new ReferenceKernels()), 0));
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
                targets.add(new Target("cpu " + isa.asText(), kernels, 0));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        targets.addAll(emulated());
        return targets;
    }

    private static List<Target> emulated() {
        List<Kernels> kernels = List.of(NativeKernels.open(NativeLibrary.cudaEmulated(), 0, Optional.empty()));
        return List.of(
                new Target("cuda-emulated", kernels, 256), new Target("cuda-emulated, odd addresses", kernels, 0));
    }
}
