package dev.vernacular.cli;

import dev.vernacular.adapt.ComparisonReport;
import dev.vernacular.adapt.Measurements;
import dev.vernacular.adapt.Models;
import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.eval.BeforeAfter;
import dev.vernacular.eval.EvalException;
import dev.vernacular.eval.LanguageComparison;
import dev.vernacular.eval.Score;
import dev.vernacular.eval.Scorer;
import dev.vernacular.files.AtomicFile;
import dev.vernacular.files.DocumentReader;
import dev.vernacular.generate.Generation;
import dev.vernacular.generate.GenerationOptions;
import dev.vernacular.generate.GenerationRequest;
import dev.vernacular.generate.Generator;
import dev.vernacular.kernels.Backend;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.report.ReportPage;
import dev.vernacular.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `eval`: two models side by side.
@Command(
        name = "eval",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Compares a model with the one it was made from: bits per byte and tokens per word of each language, and"
                    + " how far the base's own language has moved.",
            "Example: vernacular eval --before base.nemo --after model.nemo --text en=english.txt th=thai.jsonl"
        })
final class EvalCommand implements Runnable {
    private static final int SAMPLE_TOKENS = 30;

    @Option(names = "--before", required = true, paramLabel = "MODEL", description = "The base model.")
    private Path before;

    @Option(names = "--after", required = true, paramLabel = "MODEL", description = "What was made from it.")
    private Path after;

    @Mixin
    private NamedTexts texts;

    @Option(
            names = "--base-language",
            paramLabel = "NAME",
            description = "Which of the texts is in the base's language; default: the first.")
    private Optional<String> baseLanguage = Optional.empty();

    @Option(
            names = "--prompt",
            arity = "1..*",
            converter = PromptText.class,
            paramLabel = "TEXT",
            description = "Texts that both models continue.")
    private List<String> prompts = new ArrayList<>();

    @Option(
            names = {"--out", "--output"},
            paramLabel = "FILE",
            description = "Write a page about it too, such as report.html.")
    private Optional<Path> out = Optional.empty();

    @Option(names = "--force", description = "Replace the page if it exists.")
    private boolean force;

    @Mixin
    private BackendOptions backends;

    @Mixin
    private CommonOptions common;

    @Override
    public void run() {
        out.ifPresent(page -> AtomicFile.refuseToReplace(page, force));
        Map<String, List<String>> documents = documents();
        String base = baseLanguage.orElse(documents.keySet().iterator().next());
        try (ModelFile earlier = ModelFile.open(before);
                ModelFile later = ModelFile.open(after)) {
            BeforeAfter result = compare(earlier, later, documents, base);
            List<ComparisonReport.Sample> samples = samples(earlier, later);
            ComparisonReport report = new ComparisonReport(result, before.toString(), after.toString(), base, samples);
            out.ifPresent(page -> ReportPage.write(page, report.page()));
            if (common.json) {
                Console.json(json(result, samples));
            } else {
                show(result, base, samples);
            }
            requireFinite(earlier, result, LanguageComparison::before);
            requireFinite(later, result, LanguageComparison::after);
        }
    }

    private static void requireFinite(ModelFile model, BeforeAfter result, Function<LanguageComparison, Score> score) {
        List<String> notFinite = result.languages().entrySet().stream()
                .filter(entry -> !Double.isFinite(score.apply(entry.getValue()).nll()))
                .map(Map.Entry::getKey)
                .toList();
        if (!notFinite.isEmpty()) {
            throw EvalException.notFinite(model, notFinite);
        }
    }

    private Map<String, List<String>> documents() {
        Map<String, List<String>> documents = new LinkedHashMap<>();
        texts.files().forEach((name, files) -> {
            List<String> all = new ArrayList<>();
            DocumentReader.forEachText(files, "text", all::add);
            if (all.stream().allMatch(String::isEmpty)) {
                throw new EvalException("there is nothing to evaluate for " + name
                        + ": no document with any text is in "
                        + String.join(", ", files.stream().map(Path::toString).toList()));
            }
            documents.put(name, all);
        });
        return documents;
    }

    private BeforeAfter compare(ModelFile earlier, ModelFile later, Map<String, List<String>> documents, String base) {
        try (Backend backend = backends.open()) {
            Scorer beforeScorer = Scorer.open(earlier, backend);
            Scorer afterScorer = Scorer.open(later, backend);
            return BeforeAfter.of(
                    documents,
                    base,
                    beforeScorer,
                    Models.tokenizer(earlier),
                    afterScorer,
                    Models.tokenizer(later),
                    backend);
        }
    }

    private List<ComparisonReport.Sample> samples(ModelFile earlier, ModelFile later) {
        List<String> beforeTexts = continuations(earlier);
        List<String> afterTexts = continuations(later);
        List<ComparisonReport.Sample> samples = new ArrayList<>();
        for (int i = 0; i < prompts.size(); i++) {
            samples.add(new ComparisonReport.Sample(prompts.get(i), beforeTexts.get(i), afterTexts.get(i)));
        }
        return samples;
    }

    private List<String> continuations(ModelFile model) {
        if (prompts.isEmpty()) {
            return List.of();
        }
        Tokenizer tokenizer = Models.tokenizer(model);
        List<int[]> tokens = GenerationRequest.tokens(prompts, false, tokenizer);
        int longest = tokens.stream().mapToInt(prompt -> prompt.length).max().orElseThrow();
        int room = Math.max(0, model.config().maxPositions() + 1 - longest);
        GenerationOptions options = GenerationOptions.greedy(Math.min(SAMPLE_TOKENS, room));
        int capacity = Generator.capacity(model.config(), tokens, options.tokens());
        try (Backend backend = backends.open()) {
            return Generator.open(model, Dtype.F32, Optional.of(tokenizer), prompts.size(), capacity, backend)
                    .generate(tokens, options)
                    .stream()
                    .map(Generation::text)
                    .toList();
        }
    }

    private static Map<String, Object> json(BeforeAfter result, List<ComparisonReport.Sample> samples) {
        Map<String, Object> languages = new LinkedHashMap<>();
        result.languages().forEach((name, language) -> {
            Map<String, Object> numbers = new LinkedHashMap<>();
            numbers.put("bits_per_byte_before", language.before().bitsPerByte());
            numbers.put("bits_per_byte_after", language.after().bitsPerByte());
            numbers.put("tokens_per_word_before", language.fertilityBefore().tokensPerWord());
            numbers.put("tokens_per_word_after", language.fertilityAfter().tokensPerWord());
            languages.put(name, numbers);
        });
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("languages", languages);
        json.put("base_ids_identical", result.base().areBaseIdsIdentical());
        json.put("step0", Measurements.StepZeroResult.of(result.base()).json());
        json.put("samples", samples);
        return json;
    }

    private static void show(BeforeAfter result, String base, List<ComparisonReport.Sample> samples) {
        Console.result(String.format("%-10s %21s %25s", "", "bits per byte", "tokens per word"));
        Console.result(String.format("%-10s %10s %10s %8s %8s %8s", "", "before", "after", "", "before", "after"));
        result.languages()
                .forEach((name, language) -> Console.result(String.format(
                        "%-10s %10.4f %10.4f %+7.1f%% %8.2f %8.2f",
                        name,
                        language.before().bitsPerByte(),
                        language.after().bitsPerByte(),
                        100 * language.rise(),
                        language.fertilityBefore().tokensPerWord(),
                        language.fertilityAfter().tokensPerWord())));
        Console.result(String.format(
                "on %s: ids %s, the same next token at %.1f%% of places, KL over the base's ids %.4g, %.4g of the"
                        + " probability on new tokens",
                base,
                result.base().areBaseIdsIdentical() ? "identical" : "not identical",
                100 * result.base().agreement().greedy(),
                result.base().agreement().klBaseIds(),
                result.base().agreement().newIdMass()));
        samples.forEach(sample -> Console.result("\n" + sample.prompt() + "\n  before:" + indented(sample.before())
                + "\n  after: " + indented(sample.after())));
    }

    private static String indented(String text) {
        return text.replace("\n", "\n    ");
    }
}
