package dev.vernacular.doctor;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vernacular.kernels.Backend;
import dev.vernacular.kernels.Backends;
import dev.vernacular.kernels.KernelException;
import dev.vernacular.kernels.ffm.NativeLibrary;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/// Whether a backend can be had: it was opened, or the attempt's message says why not.
///
/// @param why      what it is, or what is wrong and what to do
/// @param library  the native library's file, in the cache where it is unpacked
/// @param features instruction sets that its kernels can use here, the best last
public record BackendState(boolean available, String why, Optional<Path> library, List<String> features) {
    /// @param name cpu, reference, cuda or cuda-emulated
    static BackendState of(String name) {
        try (Backend backend = Backends.open(name, 0, Optional.empty())) {
            if (name.equals("reference")) {
                return new BackendState(true, backend.why(), Optional.empty(), List.of());
            }
            NativeLibrary library = switch (name) {
                case "cuda" -> NativeLibrary.cuda();
                case "cuda-emulated" -> NativeLibrary.cudaEmulated();
                default -> NativeLibrary.cpu();
            };
            return new BackendState(true, backend.why(), Optional.of(library.file()), isas(library.describe()));
        } catch (KernelException e) {
            return new BackendState(false, e.getMessage(), Optional.empty(), List.of());
        }
    }

    /// The first line of [#why].
    public String reason() {
        return why.lines().findFirst().orElse("");
    }

    /// Its other lines: what to do; may be empty.
    public String remedy() {
        return why.lines().skip(1).map(String::strip).collect(Collectors.joining(" "));
    }

    private static List<String> isas(String description) {
        try {
            List<String> names = new ArrayList<>();
            for (JsonNode isa : new ObjectMapper().readTree(description).path("isas")) {
                names.add(isa.asText());
            }
            return names;
        } catch (JsonProcessingException e) {
            throw new AssertionError("vn_describe is no JSON: " + description, e);
        }
    }
}
