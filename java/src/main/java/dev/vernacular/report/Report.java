package dev.vernacular.report;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.util.List;

/// What the page shows, from the top. Empty lists leave their part of the page out.
///
/// @param title     of the page
/// @param headline  the result in one sentence
/// @param columns   of `rows` and of the answers in `samples`: before, after …
/// @param rows      the before/after table
/// @param samples   prompts and how each model goes on
/// @param curves    bits per byte over training time
/// @param facts     questions answered
/// @param fertility tokens per word
/// @param cuts      one text cut into tokens by each tokenizer
/// @param checks    the step-0 check, a line each
/// @param settings  sizes, times, seeds
/// @param notes     what a reader should know before believing the numbers
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record Report(
        String title,
        String headline,
        List<String> columns,
        List<Row> rows,
        List<Sample> samples,
        List<Curve> curves,
        List<FactBars> facts,
        List<FertilityBars> fertility,
        List<Cut> cuts,
        List<Check> checks,
        List<Setting> settings,
        List<String> notes) {

    /// A quantity in every column; `NaN` where it was not measured.
    ///
    /// @param betterIsLower whether a fall is a gain
    /// @param isNeutral     whether a change is neither gain nor loss, such as one within chance
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record Row(String label, List<Double> values, String unit, boolean betterIsLower, boolean isNeutral) {
        public Row(String label, List<Double> values, String unit, boolean betterIsLower) {
            this(label, values, unit, betterIsLower, false);
        }

        /// The same without a judgement of its changes.
        public Row neutral() {
            return new Row(label, values, unit, betterIsLower, true);
        }
    }

    /// @param answers one a column; an empty string where there is none
    public record Sample(String prompt, String note, List<String> answers) {}

    /// @param points (seconds of training, bits per byte)
    public record Curve(String name, List<Point> points) {}

    public record Point(double seconds, double value) {}

    /// Shares from 0 to 1.
    ///
    /// @param neverStated negative when nothing of the kind was asked
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    public record FactBars(String name, double trainedWording, double newWording, double neverStated, double chance) {}

    /// Tokens per word with the tokenizer before and the one after.
    public record FertilityBars(String language, double before, double after) {}

    /// @param tokens the text's pieces; a piece that is no whole character is shown by its bytes
    public record Cut(String tokenizer, List<String> tokens) {}

    /// @param verdict PASS or FAIL
    public record Check(String label, String value, String verdict) {}

    public record Setting(String name, String value) {}
}
