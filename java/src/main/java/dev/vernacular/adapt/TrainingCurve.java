package dev.vernacular.adapt;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vernacular.files.FilesException;
import dev.vernacular.report.Report;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Bits per byte over training time, from a run's `metrics.jsonl`.
final class TrainingCurve {
    private static final ObjectMapper JSON = new ObjectMapper();

    private TrainingCurve() {}

    /// @param start bits per byte by language before the first step
    /// @return points by language
    static Map<String, List<Report.Point>> read(Path metrics, Map<String, Double> start) {
        Map<String, List<Report.Point>> curves = new LinkedHashMap<>();
        start.forEach((language, bits) -> curves.put(language, new ArrayList<>(List.of(new Report.Point(0, bits)))));
        double milliseconds = 0;
        try {
            for (String line : Files.readAllLines(metrics)) {
                JsonNode entry = JSON.readTree(line);
                milliseconds += entry.path("ms").asDouble(0);
                double seconds = milliseconds / 1e3;
                entry.path("bits_per_byte")
                        .properties()
                        .forEach(bits -> curves.computeIfAbsent(bits.getKey(), language -> new ArrayList<>())
                                .add(new Report.Point(seconds, bits.getValue().asDouble())));
            }
        } catch (IOException e) {
            throw FilesException.reading(metrics, e);
        }
        return curves;
    }
}
