package dev.vernacular.cli;

import dev.vernacular.kernels.Backend;
import dev.vernacular.kernels.Backends;
import java.util.Optional;
import java.util.function.Supplier;
import picocli.CommandLine.Option;

/// Where kernels run.
final class BackendOptions {
    @Option(
            names = "--backend",
            paramLabel = "NAME",
            defaultValue = "${VERNACULAR_BACKEND:-auto}",
            description = "auto (default), cuda, cpu, cuda-emulated or reference; also VERNACULAR_BACKEND.")
    String name;

    @Option(
            names = "--threads",
            paramLabel = "N",
            defaultValue = "0",
            description = "CPU threads; default: all that this process may use.")
    int threads;

    @Option(
            names = "--isa",
            paramLabel = "SET",
            description =
                    "Instruction set of the cpu backend: scalar, avx2, avx512, avx512bf16 or amx; default: the best.")
    String isa;

    private boolean isAnnounced;

    /// Opens the backend; the first time it says in one line on stderr what it is.
    Backend open() {
        Backend backend = Backends.open(name, threads, Optional.ofNullable(isa));
        if (!isAnnounced) {
            Console.note("backend: " + backend.why());
            isAnnounced = true;
        }
        return backend;
    }

    /// Threads that the cpu backend uses.
    int threadCount() {
        return threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    }

    /// For work that opens and closes it several times.
    Supplier<Backend> opener() {
        return this::open;
    }
}
