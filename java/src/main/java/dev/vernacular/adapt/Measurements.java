package dev.vernacular.adapt;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.vernacular.eval.StepZero;
import dev.vernacular.files.AtomicFile;
import dev.vernacular.files.FilesException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/// What was measured of a job's models, kept as JSON between runs.
public final class Measurements {
    private static final ObjectMapper JSON = new ObjectMapper()
            .setPropertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false);

    private Measurements() {}

    /// Before training.
    ///
    /// @param languages by code
    /// @param step0     the expanded model against the base, on text of the base's language
    public record Before(Map<String, Language> languages, StepZeroResult step0) {}

    /// @param bitsPerByteBefore of the base model with its own tokenizer
    /// @param bitsPerByteStep0  of the expanded model
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Language(
            double bitsPerByteBefore, double bitsPerByteStep0, double tokensPerWordBefore, double tokensPerWordAfter) {}

    /// @param verdict PASS or FAIL
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record StepZeroResult(
            double bitsPerByteBase,
            double bitsPerByteExpanded,
            boolean baseIdsIdentical,
            double newTokenMass,
            double greedyAgreement,
            double klBaseIds,
            String verdict) {
        public static StepZeroResult of(StepZero step0) {
            return new StepZeroResult(
                    step0.bitsPerByteBase(),
                    step0.bitsPerByteExpanded(),
                    step0.areBaseIdsIdentical(),
                    step0.agreement().newIdMass(),
                    step0.agreement().greedy(),
                    step0.agreement().klBaseIds(),
                    step0.verdict());
        }

        /// Numbers for machines, in the order of the contract of `--json`.
        public Map<String, Object> json() {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("bits_per_byte_base", bitsPerByteBase);
            json.put("bits_per_byte_expanded", bitsPerByteExpanded);
            json.put("new_token_mass", newTokenMass);
            json.put("greedy_agreement", greedyAgreement);
            json.put("kl_base_ids", klBaseIds);
            json.put("verdict", verdict);
            return json;
        }
    }

    /// Of one trained model.
    ///
    /// @param bitsPerByte by language code
    public record After(Map<String, Double> bitsPerByte) {}

    public static void write(Path file, Object measured) {
        try {
            AtomicFile.write(file, JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(measured));
        } catch (JsonProcessingException e) {
            throw new AssertionError("measurements that are no JSON", e);
        }
    }

    public static <T> T read(Path file, Class<T> type) {
        try {
            return JSON.readValue(file.toFile(), type);
        } catch (IOException e) {
            throw FilesException.reading(file, e);
        }
    }
}
