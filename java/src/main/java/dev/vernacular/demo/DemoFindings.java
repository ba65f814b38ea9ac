package dev.vernacular.demo;

import dev.vernacular.adapt.AdaptReport;
import dev.vernacular.adapt.Adaptation;
import dev.vernacular.adapt.Measurements;
import dev.vernacular.report.Report;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What the demo adds to a job's report: its one sentence, the questions, and what to know before believing
/// them.
record DemoFindings(World english, World target, Adaptation.Result result, AdaptReport.WithoutReplay without) {
    /// @param inEnglish answers in English by model: before, after, without replay; `inTarget` likewise
    AdaptReport.Additions additions(
            List<FactQuiz.Result> inEnglish, List<FactQuiz.Result> inTarget, double seconds, Demo.Options options) {
        return new AdaptReport.Additions(
                headline(inTarget.get(1), seconds, options),
                rows(inEnglish, inTarget),
                List.of(bars("English", inEnglish.get(1)), bars(targetName(), inTarget.get(1))),
                settings(options),
                notes(inTarget.get(1), options));
    }

    private String headline(FactQuiz.Result answers, double seconds, Demo.Options options) {
        double rise = rise(result.after());
        String forgot =
                rise < 0.005 ? "forgot none of its English" : "forgot %.1f %% of its English".formatted(100 * rise);
        return "In %.0f s this model learned %s: it now answers %d of %d questions in a wording it had not seen for that fact, and %s; without replay its English gets %.0f times worse in %d steps."
                .formatted(
                        result.seconds().getOrDefault("train", seconds),
                        targetName(),
                        answers.newWording().correct(),
                        answers.newWording().asked(),
                        forgot,
                        1 + rise(without.after()),
                        options.stepsWithoutReplay());
    }

    private double rise(Measurements.After after) {
        return after.bitsPerByte().get("en")
                        / result.before().languages().get("en").bitsPerByteBefore()
                - 1;
    }

    private List<Report.Row> rows(List<FactQuiz.Result> inEnglish, List<FactQuiz.Result> inTarget) {
        List<Report.Row> rows = new ArrayList<>();
        rows.add(row(
                "English facts, trained wording",
                inEnglish.stream().map(FactQuiz.Result::trainedWording).toList()));
        rows.add(row(
                "English facts, new wording",
                inEnglish.stream().map(FactQuiz.Result::newWording).toList()));
        rows.add(row(
                targetName() + " facts, trained wording",
                inTarget.stream().map(FactQuiz.Result::trainedWording).toList()));
        rows.add(row(
                targetName() + " facts, new wording",
                inTarget.stream().map(FactQuiz.Result::newWording).toList()));
        rows.add(row(
                        "%s facts, never stated (chance %.0f %%)"
                                .formatted(targetName(), 100 * inTarget.get(1).chance()),
                        inTarget.stream().map(FactQuiz.Result::neverStated).toList())
                .neutral());
        return rows;
    }

    /// Questions were asked before, after, and without replay; not at step 0.
    private static Report.Row row(String label, List<FactQuiz.Score> scores) {
        return new Report.Row(
                label,
                List.of(
                        scores.get(0).share(),
                        Double.NaN,
                        scores.get(1).share(),
                        scores.get(2).share()),
                "%",
                false);
    }

    private static Report.FactBars bars(String name, FactQuiz.Result result) {
        return new Report.FactBars(
                name,
                result.trainedWording().share(),
                result.newWording().share(),
                result.neverStated().asked() == 0 ? -1 : result.neverStated().share(),
                result.neverStated().asked() == 0 ? -1 : result.chance());
    }

    private Map<String, String> settings(Demo.Options options) {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put(
                "model",
                "GPT, %d layers, width %d, context %d, tied head"
                        .formatted(BaseModel.LAYERS, BaseModel.WIDTH, BaseModel.CONTEXT));
        settings.put("batch", BaseModel.BATCH + " sequences of " + BaseModel.CONTEXT + " tokens");
        settings.put("minutes asked for", String.valueOf(options.minutes()));
        return settings;
    }

    private List<String> notes(FactQuiz.Result answers, Demo.Options options) {
        List<String> notes = new ArrayList<>();
        notes.add("Most of the fall in bits per byte is there at step 0, before any training: the base model was sure"
                + " that such bytes never come, and new tokens spell them in a few steps.");
        notes.add("Held-out documents are none of the training documents, but sentences that state facts are drawn from"
                + " the same wordings and do occur in training; dates, prices and journeys do not.");
        notes.add(
                "The run without replay is shorter: %d steps, where the run with replay has %d. It is there to show what becomes of English, not how much of the new language could be learned without it."
                        .formatted(options.stepsWithoutReplay(), options.stepsWithReplay()));
        notes.add("A new wording is one that was withheld for this fact and is known from other facts.");
        notes.add(
                "Facts that no text in the language states are answered %d of %d times; always giving the commonest answer would be right in %.0f %%. A model of a million parameters does not carry facts from one language to another in so short a time."
                        .formatted(
                                answers.neverStated().correct(),
                                answers.neverStated().asked(),
                                100 * answers.chance()));
        if (!Phrases.exist(target.language())) {
            notes.add(
                    "For this language the demo has no sentences of its own: relations are signs, and names, dates and"
                            + " times are those of Unicode's CLDR. It reads like a table.");
        }
        if (result.before().languages().get(target.language()).tokensPerWordBefore()
                < 1.1 * result.before().languages().get(target.language()).tokensPerWordAfter()) {
            notes.add(
                    "The language is written in the base's own script, where the guard admits hardly a new token: what"
                            + " was gained is from training, not from the tokenizer.");
        }
        return notes;
    }

    private String targetName() {
        return AdaptReport.name(target.language());
    }
}
