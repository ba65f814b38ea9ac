package dev.vernacular.adapt;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import dev.vernacular.files.AtomicFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/// `manifest.json` of an output folder: what made each stage's outputs, so that a stage is known to be done,
/// and what was run with.
///
/// @param program  its version
/// @param settings of the last run, as text
/// @param files    SHA-256, size and time of every input file
/// @param stages   by name, in the order in which they ran
record Manifest(String program, Map<String, String> settings, Map<String, FileStamp> files, Map<String, Stage> stages) {
    static final String NAME = "manifest.json";
    private static final ObjectMapper JSON = new ObjectMapper()
            .setPropertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false);

    /// @param sha256   of the content
    /// @param modified milliseconds since 1970
    record FileStamp(String sha256, long bytes, long modified) {}

    /// @param inputs  everything the stage's result depends on
    /// @param outputs size and time of each file it wrote, by path below the folder
    /// @param seconds it took
    record Stage(Map<String, String> inputs, Map<String, FileStamp> outputs, double seconds) {}

    static Manifest empty(String program) {
        return new Manifest(program, new LinkedHashMap<>(), new LinkedHashMap<>(), new LinkedHashMap<>());
    }

    /// The folder's manifest; an empty one if it has none or one that cannot be read, which only means that
    /// every stage is run again.
    static Manifest read(Path folder, String program) {
        Path file = folder.resolve(NAME);
        if (!Files.exists(file)) {
            return empty(program);
        }
        try {
            Manifest found = JSON.readValue(file.toFile(), new TypeReference<>() {});
            boolean isWhole = found.settings() != null && found.files() != null && found.stages() != null;
            return isWhole && program.equals(found.program()) ? found : empty(program);
        } catch (IOException unreadable) {
            return empty(program);
        }
    }

    void write(Path folder) {
        try {
            AtomicFile.write(
                    folder.resolve(NAME), JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(this));
        } catch (JsonProcessingException e) {
            throw new AssertionError("a manifest that is no JSON", e);
        }
    }
}
