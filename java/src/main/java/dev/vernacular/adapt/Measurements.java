package dev.vernacular.adapt;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.vernacular.files.AtomicFile;
import dev.vernacular.files.FilesException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
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
            String verdict) {}

    /// Of one trained model.
    ///
    /// @param bitsPerByte by language code
    public record After(Map<String, Double> bitsPerByte) {}

    public static void write(Path file, Object measured) {
        AtomicFile.write(file, channel -> {
            ByteBuffer bytes =
                    ByteBuffer.wrap(JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(measured));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        });
    }

    public static <T> T read(Path file, Class<T> type) {
        try {
            return JSON.readValue(file.toFile(), type);
        } catch (IOException e) {
            throw FilesException.reading(file, e);
        }
    }
}
