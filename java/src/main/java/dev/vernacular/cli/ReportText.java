package dev.vernacular.cli;

import dev.vernacular.report.Report;
import java.util.List;

/// A report's table and samples on a terminal.
final class ReportText {
    private ReportText() {}

    static void print(Report report) {
        Console.result("\n" + report.headline() + "\n");
        int label = report.rows().stream()
                .mapToInt(row -> row.label().length())
                .max()
                .orElse(0);
        StringBuilder header = new StringBuilder(" ".repeat(label));
        report.columns().forEach(column -> header.append("  ").append("%12s".formatted(column)));
        Console.result(header.toString());
        for (Report.Row row : report.rows()) {
            StringBuilder line = new StringBuilder(
                    row.label() + " ".repeat(label - row.label().length()));
            for (int i = 0; i < row.values().size(); i++) {
                int width = Math.max(12, report.columns().get(i).length());
                line.append("  ")
                        .append(("%" + width + "s").formatted(value(row.values().get(i), row.unit())));
            }
            Console.result(line.toString());
        }
        report.checks()
                .forEach(
                        check -> Console.result("%s  %s: %s".formatted(check.verdict(), check.label(), check.value())));
        report.samples().forEach(sample -> print(report.columns(), sample));
    }

    private static void print(List<String> columns, Report.Sample sample) {
        Console.result("\n" + sample.prompt());
        for (int i = 0; i < columns.size(); i++) {
            if (!sample.answers().get(i).isEmpty()) {
                Console.result(
                        "  %-22s %s".formatted(columns.get(i), sample.answers().get(i)));
            }
        }
    }

    private static String value(double value, String unit) {
        if (Double.isNaN(value)) {
            return "";
        }
        return unit.equals("%") ? "%.0f %%".formatted(100 * value) : "%.3f".formatted(value);
    }
}
