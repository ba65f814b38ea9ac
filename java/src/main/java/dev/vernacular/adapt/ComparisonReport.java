package dev.vernacular.adapt;

import dev.vernacular.eval.BeforeAfter;
import dev.vernacular.eval.LanguageComparison;
import dev.vernacular.report.Report;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The page about two models side by side, whoever made the second.
///
/// @param before       what the base model is called
/// @param after        what the other is called
/// @param baseLanguage code of the base's own language
/// @param samples      prompts with both continuations
public record ComparisonReport(
        BeforeAfter result, String before, String after, String baseLanguage, List<Sample> samples) {
    /// A prompt and how each model goes on.
    public record Sample(String prompt, String before, String after) {}

    public Report page() {
        return new Report(
                "Vernacular: two models side by side",
                headline(),
                List.of("before", "after"),
                rows(),
                samples.stream()
                        .map(sample -> new Report.Sample(sample.prompt(), "", List.of(sample.before(), sample.after())))
                        .toList(),
                List.of(),
                List.of(),
                fertility(),
                List.of(),
                List.of(),
                settings(),
                List.of("Bits per byte do not depend on the tokenizer, so the two columns may be compared."));
    }

    private String headline() {
        List<String> changes = new ArrayList<>();
        for (Map.Entry<String, LanguageComparison> language : result.languages().entrySet()) {
            changes.add("%s %+.1f %%"
                    .formatted(
                            AdaptReport.name(language.getKey()),
                            100 * language.getValue().rise()));
        }
        return "Bits per byte changed: " + String.join(", ", changes) + ".";
    }

    private List<Report.Row> rows() {
        return result.languages().entrySet().stream()
                .map(language -> new Report.Row(
                        AdaptReport.name(language.getKey()) + ", bits per byte",
                        List.of(
                                language.getValue().before().bitsPerByte(),
                                language.getValue().after().bitsPerByte()),
                        "",
                        true))
                .toList();
    }

    private List<Report.FertilityBars> fertility() {
        return result.languages().entrySet().stream()
                .map(language -> new Report.FertilityBars(
                        AdaptReport.name(language.getKey()),
                        language.getValue().fertilityBefore().tokensPerWord(),
                        language.getValue().fertilityAfter().tokensPerWord()))
                .toList();
    }

    private List<Report.Setting> settings() {
        String base = AdaptReport.name(baseLanguage);
        return List.of(
                new Report.Setting("before", before),
                new Report.Setting("after", after),
                new Report.Setting(
                        base + ", token ids", result.base().areBaseIdsIdentical() ? "identical" : "not identical"),
                new Report.Setting(
                        base + ", the same next token",
                        "%.2f %%".formatted(100 * result.base().agreement().greedy())),
                new Report.Setting(
                        base + ", KL over the base's ids",
                        "%.4g nats".formatted(result.base().agreement().klBaseIds())),
                new Report.Setting(
                        base + ", probability on new tokens",
                        "%.4g".formatted(result.base().agreement().newIdMass())));
    }
}
