package dev.vernacular.demo;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vernacular.adapt.AdaptReport;
import dev.vernacular.adapt.AdaptSettings;
import dev.vernacular.adapt.Adaptation;
import dev.vernacular.adapt.Measurements;
import dev.vernacular.adapt.Models;
import dev.vernacular.checkpoint.expand.RowInit;
import dev.vernacular.demo.Fact.Relation;
import dev.vernacular.files.AtomicFile;
import dev.vernacular.files.FilesException;
import dev.vernacular.files.Folders;
import dev.vernacular.kernels.Backend;
import dev.vernacular.report.Report;
import dev.vernacular.report.ReportPage;
import dev.vernacular.train.StepListener;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;

/// The whole mission on a model and a corpus that need no download: makes texts in English and in the target
/// language, trains a small English GPT, and hands both to [Adaptation], like any user's model and text. Then
/// it asks questions.
public final class Demo {
    private static final int BASE_STEPS = 2000;
    private static final int ADAPT_STEPS = 2500;
    private static final int WITHOUT_REPLAY_STEPS = 400;
    private static final int FEWEST_STEPS = 20;

    /// Minutes for which the steps above are meant.
    private static final double FULL_MINUTES = 3;

    private static final int ENGLISH_DOCUMENTS = 10_000;
    private static final int TARGET_DOCUMENTS = 6_000;
    private static final int HELD_OUT_DOCUMENTS = 300;
    private static final int TARGET_VOCABULARY = 1500;
    private static final double REPLAY = 0.5;
    private static final int ANSWER_TOKENS = 24;
    private static final String MARKER = "corpus";

    private final Options options;
    private final Supplier<Backend> backends;
    private final Consumer<String> log;
    private final StepListener listener;
    private final World english = World.english();
    private final World target;
    private final Map<String, Double> seconds = new LinkedHashMap<>();

    /// @param language code of the language to teach
    /// @param minutes  how long it may take on two cores; fewer than 3 shorten the training
    /// @param program  version
    public record Options(String language, Path out, double minutes, boolean force, String program) {
        public Options {
            if (!(minutes > 0) || Double.isInfinite(minutes)) {
                throw new DemoException("--minutes is " + minutes + ", it must be above 0");
            }
        }

        int stepsWithReplay() {
            return steps(ADAPT_STEPS);
        }

        int stepsWithoutReplay() {
            return steps(WITHOUT_REPLAY_STEPS);
        }

        int steps(int full) {
            return Math.max(FEWEST_STEPS, (int) Math.round(full * Math.min(1, minutes / FULL_MINUTES)));
        }
    }

    /// @param json   for machines
    /// @param report what the page shows
    public record Result(Map<String, Object> json, Report report, Path page) {}

    /// @throws DemoException if the language cannot be shown, before anything is written
    public Demo(Options options, Supplier<Backend> backends, Consumer<String> log, StepListener listener) {
        this.options = options;
        this.backends = backends;
        this.log = log;
        this.listener = listener;
        target = World.target(options.language());
    }

    public Result run() {
        clear();
        BaseModel base = new BaseModel(options.out().resolve("base"));
        timed("texts and base tokenizer", () -> prepare(base));
        timed("base model", () -> {
            Path trained = base.train(options.steps(BASE_STEPS), 1, backends, listener);
            move(trained, baseModel());
        });
        Models models = new Models(backends);
        Adaptation adaptation = new Adaptation(settings(), models, options.program(), log, listener);
        Adaptation.Result result = adaptation.run();
        adaptation.train("without replay", withoutReplay(), 0, trainingOverrides(options.stepsWithoutReplay()));
        Path evaluation = adaptation.evaluation("without_replay");
        timed(
                "evaluate without replay",
                () -> Measurements.write(evaluation, models.measure(withoutReplay(), adaptation.heldOut())));
        Answers answers = timedAnswers(models, result);
        return finish(
                result,
                new AdaptReport.WithoutReplay(
                        Measurements.read(evaluation, Measurements.After.class), adaptation.metrics("without replay")),
                answers);
    }

    // ---- texts and training -------------------------------------------------------------------------------------

    private void prepare(BaseModel base) {
        Documents documents = new Documents(english, english);
        List<String> training = documents.training(ENGLISH_DOCUMENTS, 1);
        write(corpus("en-train"), training);
        write(corpus("en-heldout"), documents.heldOut(HELD_OUT_DOCUMENTS, 99, training));
        Documents targets = new Documents(target, english);
        List<String> targetTraining = targets.training(TARGET_DOCUMENTS, 2);
        write(corpus(target.language() + "-train"), targetTraining);
        write(corpus(target.language() + "-heldout"), targets.heldOut(HELD_OUT_DOCUMENTS, 98, targetTraining));
        base.prepare(training, corpus("en-train"), corpus("en-heldout"));
    }

    private AdaptSettings settings() {
        return new AdaptSettings(
                baseModel(),
                texts(target.language()),
                Optional.of(texts("en")),
                options.out(),
                TARGET_VOCABULARY,
                RowInit.SUBTOKEN,
                REPLAY,
                1,
                List.of(),
                trainingOverrides(options.stepsWithReplay()));
    }

    private AdaptSettings.Texts texts(String language) {
        return new AdaptSettings.Texts(
                language, List.of(corpus(language + "-train").toString()), Optional.of(corpus(language + "-heldout")));
    }

    private static List<String> trainingOverrides(int steps) {
        return List.of(
                "trainer.max_steps=" + steps,
                "trainer.limit_val_batches=24",
                "model.micro_batch_size=" + BaseModel.BATCH,
                "model.global_batch_size=" + BaseModel.BATCH,
                "model.optim.lr=2.5e-3",
                "model.optim.sched.min_lr=2.5e-5");
    }

    // ---- questions ----------------------------------------------------------------------------------------------

    /// @param english by model: before, after, without replay
    private record Answers(
            List<FactQuiz.Result> english, List<FactQuiz.Result> target, List<AdaptReport.Sample> samples) {}

    private Answers timedAnswers(Models models, Adaptation.Result result) {
        long start = System.nanoTime();
        log.accept("questions …");
        List<Path> asked = List.of(baseModel(), result.model(), withoutReplay());
        List<FactQuiz.Result> inEnglish = new ArrayList<>();
        List<FactQuiz.Result> inTarget = new ArrayList<>();
        for (Path model : asked) {
            inEnglish.add(new FactQuiz(english).ask(prompts -> models.complete(model, prompts, ANSWER_TOKENS)));
            inTarget.add(new FactQuiz(target).ask(prompts -> models.complete(model, prompts, ANSWER_TOKENS)));
        }
        List<AdaptReport.Sample> samples = samples(models, asked);
        seconds.put("questions", (System.nanoTime() - start) / 1e9);
        log.accept("questions: %.1f s".formatted(seconds.get("questions")));
        return new Answers(inEnglish, inTarget, samples);
    }

    private List<AdaptReport.Sample> samples(Models models, List<Path> asked) {
        List<String> prompts = samplePrompts();
        List<List<String>> continued = new ArrayList<>();
        for (Path model : asked) {
            continued.add(models.complete(model, prompts, ANSWER_TOKENS));
        }
        List<AdaptReport.Sample> samples = new ArrayList<>();
        for (int i = 0; i < prompts.size(); i++) {
            samples.add(new AdaptReport.Sample(
                    prompts.get(i),
                    sentence(continued.get(0).get(i)),
                    sentence(continued.get(1).get(i)),
                    Optional.of(sentence(continued.get(2).get(i)))));
        }
        return samples;
    }

    /// A question of each kind in both languages: about a familiar country, if a text states that fact.
    private List<String> samplePrompts() {
        List<String> prompts = new ArrayList<>();
        Map<Relation, String> subjects = new LinkedHashMap<>();
        subjects.put(Relation.CAPITAL, "TH");
        subjects.put(Relation.CURRENCY, "JP");
        subjects.put(Relation.LANGUAGE, "FR");
        for (World world : List.of(target, english)) {
            subjects.forEach((relation, code) -> world.statedFacts().stream()
                    .filter(fact -> fact.relation() == relation)
                    .min(Comparator.comparing(
                            (Fact fact) -> !fact.country().code().equals(code)))
                    .ifPresent(fact -> prompts.add(
                            world.prompt(world.phrases().wordings(relation).getFirst(), fact))));
        }
        return prompts;
    }

    /// Up to the end of the first sentence, or some words of one that has none.
    private String sentence(String text) {
        String trimmed = text.strip();
        int end = trimmed.length();
        for (String stop : List.of(". ", target.phrases().stop())) {
            int at = stop.isBlank() ? -1 : trimmed.indexOf(stop.strip());
            end = at >= 0 ? Math.min(end, at + 1) : end;
        }
        String first = trimmed.substring(0, end);
        int firstBreak = target.phrases().stop().isEmpty() ? first.indexOf(' ', 1) : -1;
        boolean isTarget = first.codePoints().anyMatch(c -> c > 0x250);
        return isTarget && firstBreak > 0 ? first.substring(0, firstBreak) : first;
    }

    // ---- results ------------------------------------------------------------------------------------------------

    private Result finish(Adaptation.Result result, AdaptReport.WithoutReplay without, Answers answers) {
        Path page = options.out().resolve("report.html");
        AdaptReport report = new AdaptReport(result, Optional.of(without));
        Map<String, Object> json = report.json(answers.samples(), page);
        json.put("facts", facts(answers, 1));
        json.put("facts_before", facts(answers, 0));
        json.put("facts_without_replay", facts(answers, 2));
        Map<String, Object> all = new LinkedHashMap<>(seconds);
        all.putAll(result.seconds());
        all.put("total", all.values().stream().mapToDouble(s -> (Double) s).sum());
        json.put("seconds", all);
        Report shown = report.report(
                answers.samples(),
                new DemoFindings(english, target, result, without)
                        .additions(answers.english(), answers.target(), (Double) all.get("total"), options));
        ReportPage.write(page, shown);
        return new Result(json, shown, page);
    }

    private Map<String, Object> facts(Answers answers, int model) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("en", facts(answers.english().get(model)));
        facts.put(target.language(), facts(answers.target().get(model)));
        return facts;
    }

    private static Map<String, Object> facts(FactQuiz.Result result) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("trained_wording", score(result.trainedWording()));
        facts.put("new_wording", score(result.newWording()));
        facts.put("never_stated", score(result.neverStated()));
        facts.put("chance", result.chance());
        return facts;
    }

    private static Map<String, Integer> score(FactQuiz.Score score) {
        return Map.of("asked", score.asked(), "correct", score.correct());
    }

    // ---- files --------------------------------------------------------------------------------------------------

    private Path baseModel() {
        return options.out().resolve("base.nemo");
    }

    private Path withoutReplay() {
        return options.out().resolve("without_replay.nemo");
    }

    private Path corpus(String name) {
        return options.out().resolve(MARKER).resolve(name + ".jsonl");
    }

    private static void write(Path file, List<String> documents) {
        ObjectMapper json = new ObjectMapper();
        AtomicFile.write(file, channel -> {
            StringBuilder lines = new StringBuilder();
            for (String document : documents) {
                lines.append(json.writeValueAsString(Map.of("text", document))).append('\n');
            }
            AtomicFile.writeAll(channel, ByteBuffer.wrap(lines.toString().getBytes(StandardCharsets.UTF_8)));
        });
    }

    /// A second demo replaces the first; anything else in the folder is not touched.
    private void clear() {
        Path out = options.out();
        try {
            if (!Files.exists(out)) {
                return;
            }
            boolean isDemo = Files.isDirectory(out.resolve(MARKER));
            try (Stream<Path> entries = Files.list(out)) {
                if (entries.findAny().isPresent() && !isDemo && !options.force()) {
                    throw new DemoException(out + " exists and is no demo of before\n"
                            + "  Choose another folder with --out, or add --force to empty this one.");
                }
            }
        } catch (IOException e) {
            throw FilesException.writing(out, e);
        }
        Folders.delete(out);
    }

    private static void move(Path from, Path to) {
        try {
            Files.move(from, to);
        } catch (IOException e) {
            throw FilesException.writing(to, e);
        }
    }

    private void timed(String stage, Runnable work) {
        log.accept(stage + " …");
        long start = System.nanoTime();
        work.run();
        seconds.put(stage, (System.nanoTime() - start) / 1e9);
        log.accept("%s: %.1f s".formatted(stage, seconds.get(stage)));
    }
}
