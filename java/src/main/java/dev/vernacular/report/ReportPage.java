package dev.vernacular.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vernacular.files.AtomicFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// Writes a [Report] as one HTML file that needs no network: the template, the chart library (Chart.js, MIT)
/// and the numbers as JSON, which the template's script lays out.
public final class ReportPage {
    private static final String CHART_LIBRARY = "/META-INF/resources/webjars/chart.js/4.4.9/dist/chart.umd.js";
    private static final ObjectMapper JSON = new ObjectMapper();

    private ReportPage() {}

    /// Writes or replaces `target`.
    ///
    /// @throws dev.vernacular.files.FilesException if it cannot be written
    public static void write(Path target, Report report) {
        AtomicFile.write(target, html(report).getBytes(StandardCharsets.UTF_8));
    }

    static String html(Report report) {
        String[] template = resource("report.html").split("/\\*(CHART_LIBRARY|REPORT_DATA)\\*/", -1);
        return template[0]
                + resource(CHART_LIBRARY).replace("//# sourceMappingURL=chart.umd.js.map", "")
                + template[1]
                + json(report)
                + template[2];
    }

    /// JSON that may stand inside a script element: no text in it can end the element.
    private static String json(Report report) {
        try {
            return JSON.writeValueAsString(report).replace("<", "\\u003c");
        } catch (JsonProcessingException e) {
            throw new AssertionError("a report that is no JSON", e);
        }
    }

    private static String resource(String name) {
        try (InputStream in = ReportPage.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
