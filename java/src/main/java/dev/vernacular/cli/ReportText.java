package dev.vernacular.cli;

import dev.vernacular.report.Report;
import java.util.List;

/// A report's table and samples on a terminal.
final class ReportText {
    /// Width of a number and of a short column's name.
    private static final int NUMBER = 8;

    private ReportText() {}

    static void print(Report report) {
        Console.result("\n" + report.headline() + "\n");
        int label = report.rows().stream()
                .mapToInt(row -> row.label().length())
                .max()
                .orElse(0);
        StringBuilder header = new StringBuilder(" ".repeat(label));
        report.columns().forEach(column -> header.append("  ").append(("%" + width(column) + "s").formatted(column)));
        Console.result(header.toString());
        for (Report.Row row : report.rows()) {
            StringBuilder line = new StringBuilder(
                    row.label() + " ".repeat(label - row.label().length()));
            for (int i = 0; i < row.values().size(); i++) {
                line.append("  ")
                        .append(("%" + width(report.columns().get(i)) + "s")
                                .formatted(value(row.values().get(i), row.unit())));
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
                        "  %-14s %s".formatted(columns.get(i), sample.answers().get(i)));
            }
        }
    }

    private static int width(String column) {
        return Math.max(NUMBER, column.length());
    }

    private static String value(double value, String unit) {
        if (Double.isNaN(value)) {
            return "";
        }
        return unit.equals("%") ? "%.0f %%".formatted(100 * value) : "%.3f".formatted(value);
    }
}
