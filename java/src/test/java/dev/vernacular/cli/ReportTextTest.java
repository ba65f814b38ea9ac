package dev.vernacular.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vernacular.report.Report;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class ReportTextTest {
    @RegisterExtension
    private final CapturedStreams streams = new CapturedStreams();

    @Test
    void theTableFitsAHundredColumnsAndItsHeadingsStandOverTheirNumbers() {
        Report.Row facts = new Report.Row(
                "Norwegian Nynorsk facts, never stated (chance 11 %)", List.of(0.0, Double.NaN, 1.0, 0.5), "%", false);

        ReportText.print(new Report(
                "",
                "headline",
                List.of("before", "step 0", "after", "without replay"),
                List.of(facts.neutral(), new Report.Row("bits", List.of(6.448, 1.187, 0.22, 0.718), "", true)),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                List.of()));

        List<String> lines = streams.out().lines().skip(3).toList();
        assertThat(lines).hasSize(3).allMatch(line -> line.length() <= 100);
        assertThat(lines)
                .extracting(String::length)
                .containsOnly(lines.getFirst().length());
    }
}
