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
record Target(String name, List<Kernels> kernels) {
    private static final int[] THREADS = {1, 2, 3, 8};
    private static final List<Target> ALL = list();

    static Stream<Target> all() {
        return ALL.stream();
    }

    static Stream<Target> natives() {
        return ALL.stream().filter(Target::isNative);
    }

    boolean isNative() {
        return !name.equals("reference");
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
        targets.add(new Target("reference", List.of(new ReferenceKernels())));
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
                targets.add(new Target("cpu " + isa.asText(), kernels));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return targets;
    }
}
