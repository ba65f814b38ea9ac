package dev.vernacular.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportPageTest {
    @Test
    void thePageNeedsNothingFromElsewhere() {
        String page = ReportPage.html(report("Thai"));

        assertThat(page).doesNotContain("src=\"http", "href=\"http", "@import", "sourceMappingURL");
        assertThat(page).contains("Chart.js v4", "\"better_is_lower\":true");
    }

    @Test
    void aNeutralRowTellsThePageSo() {
        Report.Row row = new Report.Row("Thai", List.of(0.1, 0.2), "%", false);

        assertThat(row.isNeutral()).isFalse();
        assertThat(row.neutral().isNeutral()).isTrue();
        assertThat(ReportPage.html(report("Thai"))).contains("\"is_neutral\":false", "row.is_neutral");
    }

    @Test
    void textOfAModelCannotEndTheScript() {
        String page = ReportPage.html(report("</script><script>alert(1)</script>"));

        assertThat(page).doesNotContain("alert(1)</script>").contains("\\u003c/script>");
    }

    @Test
    void aSecondReportReplacesTheFirst(@TempDir Path folder) {
        Path target = folder.resolve("new/report.html");

        ReportPage.write(target, report("first"));
        ReportPage.write(target, report("second"));

        assertThat(target).content().contains("second").doesNotContain("\"first\"");
        assertThat(Files.exists(target.resolveSibling("report.html.part"))).isFalse();
    }

    private static Report report(String headline) {
        return new Report(
                "Vernacular",
                headline,
                List.of("before", "after"),
                List.of(new Report.Row("Thai", List.of(10.8, 0.114), "bits per byte", true)),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of());
    }
}
