package dev.vernacular.adapt;

import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.report.Report;
import dev.vernacular.tokenizer.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// A job's results as a report and as JSON.
public final class AdaptReport {
    private final Adaptation.Result result;
    private final Optional<WithoutReplay> withoutReplay;

    /// The same training without a share of the base's language, to show what replay is for.
    public record WithoutReplay(Measurements.After after, Path metrics) {}

    /// A prompt and how each model goes on.
    public record Sample(String prompt, String before, String after, Optional<String> withoutReplay) {}

    /// What a caller knows beyond the job itself.
    ///
    /// @param rows     of the before/after table
    /// @param settings name and value
    public record Additions(
            String headline,
            List<Report.Row> rows,
            List<Report.FactBars> facts,
            Map<String, String> settings,
            List<String> notes) {
        public static final Additions NONE = new Additions("", List.of(), List.of(), Map.of(), List.of());
    }

    public AdaptReport(Adaptation.Result result, Optional<WithoutReplay> withoutReplay) {
        this.result = result;
        this.withoutReplay = withoutReplay;
    }

    /// Numbers for machines, in the order of the contract of `--json`.
    public Map<String, Object> json(List<Sample> samples, Path report) {
        Map<String, Object> languages = new LinkedHashMap<>();
        result.before().languages().forEach((language, before) -> {
            Map<String, Object> numbers = new LinkedHashMap<>();
            numbers.put("bits_per_byte_before", before.bitsPerByteBefore());
            numbers.put("bits_per_byte_step0", before.bitsPerByteStep0());
            numbers.put("bits_per_byte_after", result.after().bitsPerByte().get(language));
            withoutReplay.ifPresent(without -> numbers.put(
                    "bits_per_byte_after_without_replay",
                    without.after().bitsPerByte().get(language)));
            numbers.put("tokens_per_word_before", before.tokensPerWordBefore());
            numbers.put("tokens_per_word_after", before.tokensPerWordAfter());
            languages.put(language, numbers);
        });
        Measurements.StepZeroResult step0 = result.before().step0();
        Map<String, Object> seconds = new LinkedHashMap<>(result.seconds());
        seconds.put(
                "total", result.seconds().values().stream().mapToDouble(s -> s).sum());
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("languages", languages);
        json.put("base_ids_identical", step0.baseIdsIdentical());
        json.put("step0", step0.json());
        json.put("samples", samples.stream().map(AdaptReport::json).toList());
        json.put("seconds", seconds);
        json.put("report", report.toString());
        json.put("model", result.model().toString());
        return json;
    }

    private static Map<String, Object> json(Sample sample) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("prompt", sample.prompt());
        json.put("before", sample.before());
        json.put("after", sample.after());
        sample.withoutReplay().ifPresent(text -> json.put("after_without_replay", text));
        return json;
    }

    /// The page.
    public Report report(List<Sample> samples, Additions more) {
        List<Report.Row> rows = new ArrayList<>();
        result.before().languages().forEach((language, before) -> rows.add(row(language, before)));
        rows.addAll(more.rows());
        return new Report(
                "Vernacular: " + name(result.language()) + " for a model that knew " + name(result.baseLanguage()),
                more.headline().isEmpty() ? headline() : more.headline(),
                columns(),
                rows,
                samples.stream().map(this::sample).toList(),
                curves(),
                more.facts(),
                fertility(),
                cuts(),
                checks(),
                settings(more.settings()),
                more.notes());
    }

    /// Names of the table's columns.
    public List<String> columns() {
        List<String> columns = new ArrayList<>(List.of("before", "step 0", "after"));
        withoutReplay.ifPresent(without -> columns.add("without replay"));
        return columns;
    }

    private String headline() {
        Measurements.Language target = result.before().languages().get(result.language());
        Measurements.Language base = result.before().languages().get(result.baseLanguage());
        double after = result.after().bitsPerByte().get(result.language());
        double rise = result.after().bitsPerByte().get(result.baseLanguage()) / base.bitsPerByteBefore() - 1;
        return "%s went from %.2f to %.2f bits per byte; %s changed by %+.1f %%."
                .formatted(
                        name(result.language()),
                        target.bitsPerByteBefore(),
                        after,
                        name(result.baseLanguage()),
                        100 * rise);
    }

    private Report.Row row(String language, Measurements.Language before) {
        List<Double> values = new ArrayList<>(List.of(
                before.bitsPerByteBefore(),
                before.bitsPerByteStep0(),
                result.after().bitsPerByte().get(language)));
        withoutReplay.ifPresent(
                without -> values.add(without.after().bitsPerByte().get(language)));
        return new Report.Row(name(language) + ", bits per byte", values, "", true);
    }

    private Report.Sample sample(Sample sample) {
        List<String> answers = new ArrayList<>(List.of(sample.before(), "", sample.after()));
        withoutReplay.ifPresent(without -> answers.add(sample.withoutReplay().orElse("")));
        return new Report.Sample(sample.prompt(), "", answers);
    }

    private List<Report.Curve> curves() {
        List<Report.Curve> curves = new ArrayList<>();
        curve(result.metrics(), " with replay").forEach(curves::add);
        withoutReplay.ifPresent(
                without -> curve(without.metrics(), " without replay").forEach(curves::add));
        return curves;
    }

    private List<Report.Curve> curve(Path metrics, String suffix) {
        Map<String, Double> start = new LinkedHashMap<>();
        result.before().languages().forEach((language, before) -> start.put(language, before.bitsPerByteStep0()));
        List<Report.Curve> curves = new ArrayList<>();
        TrainingCurve.read(metrics, start).forEach((language, points) -> {
            if (points.size() > 1) {
                curves.add(new Report.Curve(name(language) + (withoutReplay.isPresent() ? suffix : ""), points));
            }
        });
        return curves;
    }

    private List<Report.FertilityBars> fertility() {
        return result.before().languages().entrySet().stream()
                .map(entry -> new Report.FertilityBars(
                        name(entry.getKey()),
                        entry.getValue().tokensPerWordBefore(),
                        entry.getValue().tokensPerWordAfter()))
                .toList();
    }

    /// The first held-out sentence of the target, cut by both tokenizers.
    private List<Report.Cut> cuts() {
        String text = result.sampleText();
        try (ModelFile base = ModelFile.open(result.base())) {
            Tokenizer merged = Tokenizer.load(result.tokenizer());
            return List.of(cut("base tokenizer", Models.tokenizer(base), text), cut("merged tokenizer", merged, text));
        }
    }

    private static Report.Cut cut(String title, Tokenizer tokenizer, String text) {
        List<String> pieces = new ArrayList<>();
        for (int id : tokenizer.encodeOrdinary(text)) {
            byte[] bytes = tokenizer.decodeBytes(new int[] {id});
            String piece = new String(bytes, StandardCharsets.UTF_8);
            pieces.add(piece.contains("\uFFFD") ? HexFormat.ofDelimiter(" ").formatHex(bytes) : piece);
        }
        return new Report.Cut(title, pieces);
    }

    private List<Report.Check> checks() {
        Measurements.StepZeroResult step0 = result.before().step0();
        String base = name(result.baseLanguage());
        double rise = step0.bitsPerByteExpanded() / step0.bitsPerByteBase() - 1;
        return List.of(
                check(
                        base + " text gives the same token ids",
                        step0.baseIdsIdentical() ? "identical" : "changed",
                        step0.baseIdsIdentical()),
                check(
                        base + " bits per byte rise by at most 1 %",
                        "%.4f → %.4f (%+.2f %%)"
                                .formatted(step0.bitsPerByteBase(), step0.bitsPerByteExpanded(), 100 * rise),
                        rise <= 0.01),
                check(
                        "probability that new tokens take",
                        "%.3g".formatted(step0.newTokenMass()),
                        step0.newTokenMass() <= 0.01),
                check(
                        "same most probable token",
                        "%.2f %%".formatted(100 * step0.greedyAgreement()),
                        step0.greedyAgreement() >= 0.99),
                check(
                        "KL over the base's ids (0 by construction: a test of the program)",
                        "%.2g".formatted(step0.klBaseIds()),
                        step0.klBaseIds() <= 1e-5));
    }

    private static Report.Check check(String label, String value, boolean passes) {
        return new Report.Check(label, value, passes ? "PASS" : "FAIL");
    }

    private List<Report.Setting> settings(Map<String, String> more) {
        List<Report.Setting> settings = new ArrayList<>();
        more.forEach((name, value) -> settings.add(new Report.Setting(name, value)));
        result.seconds()
                .forEach((stage, seconds) ->
                        settings.add(new Report.Setting("time, " + stage, "%.1f s".formatted(seconds))));
        settings.add(new Report.Setting("model", result.model().toString()));
        return settings;
    }

    /// A language's name in English.
    public static String name(String code) {
        String name = Locale.of(code).getDisplayLanguage(Locale.ENGLISH);
        return code.equals("target") ? "the new language" : name;
    }
}
