package dev.vernacular.adapt;

import dev.vernacular.adapt.AdaptSettings.Texts;
import dev.vernacular.adapt.TrainingStage.Source;
import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.checkpoint.expand.Expansion;
import dev.vernacular.checkpoint.expand.ExpansionPlan;
import dev.vernacular.checkpoint.expand.KeptWeights;
import dev.vernacular.config.Overrides;
import dev.vernacular.eval.BaseText;
import dev.vernacular.files.AtomicFile;
import dev.vernacular.files.Folders;
import dev.vernacular.files.InputFiles;
import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.tokenizer.Vocabulary;
import dev.vernacular.tokenizer.merge.Guard;
import dev.vernacular.tokenizer.merge.TokenizerMerger;
import dev.vernacular.tokenizer.pieces.PreTokenizer;
import dev.vernacular.tokenizer.training.BpeTrainer;
import dev.vernacular.tokenizer.training.PieceCounts;
import dev.vernacular.tokenizer.training.TrainingSettings;
import dev.vernacular.train.StepListener;
import dev.vernacular.train.TrainingRun;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;

/// The whole job, stage by stage, in one folder:
///
/// ```
/// data/<language>/      the texts: a part to train on, a part held out
/// tokenizer/            trained on the target's text, merged into the base's
/// expanded.nemo         the base with rows for the new tokens
/// evaluation/before     what base and expanded model make of the held-out texts; the step-0 check
/// data/*.bin, *.idx     the texts as token ids
/// nemo_experiments/     continual pre-training with replay
/// model.nemo, hf/       the result
/// evaluation/after      what it makes of the held-out texts
/// ```
public final class Adaptation {
    private static final String BASE_LANGUAGE = "en";
    private static final int SAMPLED_CHARACTERS = 2_000_000;
    private static final int SAMPLES = 4;
    private static final int SAMPLE_TOKENS = 30;
    private final AdaptSettings settings;
    private final Models models;
    private final Stages stages;
    private final Consumer<String> log;
    private final StepListener steps;
    private final Writing writing;
    private final Corpus target;
    private final Optional<Corpus> replay;

    /// @param program version, part of what makes a stage run again
    /// @param log     gets a line for each stage
    /// @param steps   hears of the training
    public Adaptation(AdaptSettings settings, Models models, String program, Consumer<String> log, StepListener steps) {
        this.settings = settings;
        this.models = models;
        this.log = log;
        this.steps = steps;
        refuseWhatCannotWork(settings);
        List<Path> files = InputFiles.find(settings.target().files());
        writing = Writing.of(Corpus.texts(files, SAMPLED_CHARACTERS));
        stages = new Stages(settings.out(), program, log);
        target = corpus(settings.target(), language(settings.target(), writing));
        replay = settings.replay().map(texts -> corpus(texts, baseLanguage()));
        if (replay.map(Corpus::language).filter(target.language()::equals).isPresent()) {
            throw new AdaptException("--text and --replay are both in language '" + target.language()
                    + "'; name them apart with --language and --base-language");
        }
    }

    /// A wrong model, size or override is refused now, and not when training starts an hour later.
    private static void refuseWhatCannotWork(AdaptSettings settings) {
        try (ModelFile model = ModelFile.open(settings.base())) {
            Models.tokenizer(model);
            model.requireWhole();
        }
        TrainingSettings.of(settings.vocabularySize());
        List<String> overrides = new ArrayList<>(List.of(
                "restore_from_path=" + Overrides.quote(settings.base().toString()), "model.data.data_prefix=[data]"));
        overrides.addAll(settings.overrides());
        TrainingRun.configure(Optional.empty(), overrides);
    }

    /// What a job made and found.
    ///
    /// @param model    the result, `model.nemo`
    /// @param metrics  the training's `metrics.jsonl`
    /// @param sampleText a held-out text of the target
    /// @param seconds  by stage
    public record Result(
            String language,
            String baseLanguage,
            Path base,
            Path expanded,
            Path model,
            Path tokenizer,
            Path metrics,
            String sampleText,
            Measurements.Before before,
            Measurements.After after,
            Map<String, Double> seconds) {}

    /// Runs all stages that are not done.
    public Result run() {
        prepareTexts();
        stages.run("tokenizer", tokenizerInputs(), List.of(tokenizer()), this::makeTokenizer);
        stages.run("expand", expandInputs(), List.of(expanded()), this::expand);
        Path before = evaluation("before");
        stages.run(
                "evaluate before",
                Map.of("expanded", print(expanded()), "texts", heldOutPrint()),
                List.of(before),
                () -> Measurements.write(
                        before, models.before(settings.base(), expanded(), heldOut(), baseLanguage())));
        checkStepZero(Measurements.read(before, Measurements.Before.class).step0());
        stages.run("preprocess", preprocessInputs(), datasetFiles(), this::preprocess);
        train("train", model(), settings.replays() ? settings.replayRatio() : 0, settings.overrides());
        Path after = evaluation("after");
        stages.run(
                "evaluate",
                Map.of("model", print(model()), "texts", heldOutPrint()),
                List.of(after),
                () -> Measurements.write(after, models.measure(model(), heldOut())));
        Path hf = settings.out().resolve("hf");
        stages.run(
                "export", Map.of("model", print(model())), List.of(hf), () -> Models.exportToHuggingFace(model(), hf));
        return result();
    }

    /// Trains a copy of the expanded model and keeps it under `out`; a stage like the others.
    ///
    /// @param replayShare of the sequences
    /// @param overrides   win over the job's choices
    public void train(String name, Path out, double replayShare, List<String> overrides) {
        List<Source> sources = new ArrayList<>(List.of(new Source(target, 1 - replayShare)));
        replay.ifPresent(corpus -> sources.add(new Source(corpus, replayShare)));
        TrainingStage training = new TrainingStage(expanded(), runs(), name.replace(' ', '_'));
        List<String> resolved = training.overrides(sources, positions(), settings.seed(), overrides);
        Map<String, String> inputs = new LinkedHashMap<>();
        inputs.put("model", print(expanded()));
        inputs.put("overrides", String.join("\n", resolved));
        datasetFiles().forEach(file -> inputs.put(file.getFileName().toString(), print(file)));
        stages.run(name, inputs, List.of(out), () -> {
            forgetRunOfOtherInputs(name, inputs, training);
            copy(training.run(resolved, models, steps), out);
        });
    }

    /// A stage of a caller's own, such as the demo's questions.
    public void stage(String name, Map<String, String> inputs, List<Path> outputs, Runnable work) {
        stages.run(name, inputs, outputs, work::run);
    }

    /// What identifies a file's content.
    public String print(Path file) {
        return stages.fingerprint(file);
    }

    public Path evaluation(String name) {
        return settings.out().resolve("evaluation").resolve(name + ".json");
    }

    /// Held-out documents by language, the target first.
    public Map<String, List<String>> heldOut() {
        Map<String, List<String>> texts = new LinkedHashMap<>();
        texts.put(target.language(), target.heldOutTexts());
        texts.put(baseLanguage(), replay.map(Corpus::heldOutTexts).orElseGet(BaseText::english));
        return texts;
    }

    public Path metrics(String run) {
        return new TrainingStage(expanded(), runs(), run.replace(' ', '_')).metrics();
    }

    /// How base and result go on from the settings' prompts, or from the beginnings of held-out texts.
    public List<AdaptReport.Sample> samples() {
        List<String> prompts = settings.prompts();
        if (prompts.isEmpty()) {
            prompts = target.heldOutTexts().stream()
                    .limit(SAMPLES)
                    .map(Adaptation::beginning)
                    .toList();
        }
        List<String> before = models.complete(settings.base(), prompts, SAMPLE_TOKENS);
        List<String> after = models.complete(model(), prompts, SAMPLE_TOKENS);
        List<AdaptReport.Sample> samples = new ArrayList<>();
        for (int i = 0; i < prompts.size(); i++) {
            samples.add(new AdaptReport.Sample(prompts.get(i), before.get(i), after.get(i), Optional.empty()));
        }
        return samples;
    }

    private static String beginning(String text) {
        return text.substring(0, text.offsetByCodePoints(0, Math.min(40, text.codePointCount(0, text.length()))));
    }

    private Result result() {
        return new Result(
                target.language(),
                baseLanguage(),
                settings.base(),
                expanded(),
                model(),
                tokenizer(),
                metrics("train"),
                sampleText(),
                Measurements.read(evaluation("before"), Measurements.Before.class),
                Measurements.read(evaluation("after"), Measurements.After.class),
                stages.seconds());
    }

    /// Some lines' worth of the first held-out text.
    private String sampleText() {
        String text = target.heldOutTexts().getFirst();
        return text.substring(0, text.offsetByCodePoints(0, Math.min(160, text.codePointCount(0, text.length()))));
    }

    // ---- stages -------------------------------------------------------------------------------------------------

    private void prepareTexts() {
        split(settings.target(), target);
        settings.replay().ifPresent(texts -> split(texts, replay.orElseThrow()));
    }

    private void split(Texts texts, Corpus corpus) {
        if (texts.heldOut().isPresent()) {
            return;
        }
        Map<String, String> inputs = new LinkedHashMap<>();
        inputs.put("seed", String.valueOf(settings.seed()));
        InputFiles.find(texts.files()).forEach(file -> inputs.put(file.toString(), print(file)));
        Path folder = splitFolder(corpus.language());
        List<Path> outputs = List.of(folder.resolve("train.jsonl"), folder.resolve("val.jsonl"));
        stages.run(
                "split " + corpus.language(),
                inputs,
                outputs,
                () -> Corpus.split(texts.files(), folder, settings.seed()));
    }

    private Map<String, String> tokenizerInputs() {
        return Map.of(
                "base", print(settings.base()),
                "text", print(target.train()),
                "vocabulary size", String.valueOf(settings.vocabularySize()),
                "writing", writing + " " + wordLanguage());
    }

    /// Trains on the target's text, within words where they are not separated, and appends what the base lacks.
    private void makeTokenizer() {
        PreTokenizer cutter = writing.hasCombiningMarks() ? PreTokenizer.MARKS : PreTokenizer.GPT2;
        TrainingSettings training = new TrainingSettings(
                settings.vocabularySize(), cutter, wordLanguage(), 2, List.of(Vocabulary.END_OF_TEXT));
        PieceCounts pieces = new PieceCounts(training.preTokenizer(), training.words());
        Corpus.forEachText(target.train(), pieces::add);
        Tokenizer own = BpeTrainer.train(training, pieces);
        try (ModelFile model = ModelFile.open(settings.base())) {
            TokenizerMerger.Result merged =
                    TokenizerMerger.merge(Models.tokenizer(model), own, new Guard.Script(Guard.LATIN), cutter);
            merged.tokenizer().save(tokenizer(), true);
            log.accept("  " + merged.report().addedTokens() + " new tokens, "
                    + merged.report().droppedByGuard()
                    + " merges kept out because they could change the base's text, pre-tokenizer "
                    + merged.tokenizer().preTokenizer());
        }
    }

    private Map<String, String> expandInputs() {
        return Map.of(
                "base", print(settings.base()),
                "tokenizer", print(tokenizer()),
                "init", settings.init().title(),
                "seed", String.valueOf(settings.seed()));
    }

    private void expand() {
        try (ModelFile model = ModelFile.open(settings.base())) {
            ExpansionPlan plan =
                    ExpansionPlan.of(model, Tokenizer.load(tokenizer()), settings.init(), OptionalInt.empty());
            Expansion.write(model, plan, expanded(), true);
            try (ModelFile written = ModelFile.open(expanded())) {
                new KeptWeights(model, plan, written).require();
            }
            log.accept("  " + plan.rowsBefore() + " → " + plan.rowsAfter() + " rows, " + plan.newTokens()
                    + " for new tokens by " + plan.init().title());
        }
    }

    private void checkStepZero(Measurements.StepZeroResult step0) {
        log.accept("  step 0: %s, %s bits per byte %.4f → %.4f, new tokens take %.3g of the probability"
                .formatted(
                        step0.verdict(),
                        baseLanguage(),
                        step0.bitsPerByteBase(),
                        step0.bitsPerByteExpanded(),
                        step0.newTokenMass()));
    }

    private Map<String, String> preprocessInputs() {
        return Map.of("tokenizer", print(tokenizer()), "train", trainPrint(), "held out", heldOutPrint());
    }

    private void preprocess() {
        Tokenizer merged = Tokenizer.load(tokenizer());
        corpora().forEach(corpus -> corpus.preprocess(merged));
    }

    /// A run folder that other inputs made must not be resumed; one of the same inputs must.
    private void forgetRunOfOtherInputs(String name, Map<String, String> inputs, TrainingStage training) {
        Path folder = training.metrics().getParent();
        Path started = folder.resolve("adapt_inputs.json");
        boolean isSame =
                Files.exists(started) && Measurements.read(started, Map.class).equals(inputs);
        if (!isSame) {
            Folders.delete(folder);
            Measurements.write(started, inputs);
        } else {
            log.accept("  going on with the " + name + " run that was stopped");
        }
    }

    // ---- names --------------------------------------------------------------------------------------------------

    private Path tokenizer() {
        return settings.out().resolve("tokenizer");
    }

    private Path expanded() {
        return settings.out().resolve("expanded.nemo");
    }

    private Path model() {
        return settings.out().resolve("model.nemo");
    }

    private Path runs() {
        return settings.out().resolve("nemo_experiments");
    }

    private Path splitFolder(String language) {
        return settings.out().resolve("data").resolve(language);
    }

    private List<Corpus> corpora() {
        List<Corpus> corpora = new ArrayList<>(List.of(target));
        replay.ifPresent(corpora::add);
        return corpora;
    }

    private List<Path> datasetFiles() {
        return corpora().stream()
                .flatMap(corpus -> corpus.datasetFiles().stream())
                .toList();
    }

    private Corpus corpus(Texts texts, String language) {
        Path data = settings.out().resolve("data");
        return texts.heldOut()
                .map(heldOut -> new Corpus(language, InputFiles.find(texts.files()), heldOut, data))
                .orElseGet(() -> new Corpus(
                        language,
                        List.of(splitFolder(language).resolve("train.jsonl")),
                        splitFolder(language).resolve("val.jsonl"),
                        data));
    }

    private static String language(Texts texts, Writing writing) {
        return texts.language().equals("auto") ? writing.likelyLanguage().orElse("target") : texts.language();
    }

    private String baseLanguage() {
        return settings.replay()
                .map(Texts::language)
                .filter(code -> !code.equals("auto"))
                .orElse(BASE_LANGUAGE);
    }

    private Optional<Locale> wordLanguage() {
        return writing.separatesWords() ? Optional.empty() : Optional.of(Locale.of(target.language()));
    }

    private int positions() {
        try (ModelFile model = ModelFile.open(expanded())) {
            return model.config().maxPositions();
        }
    }

    private String trainPrint() {
        return String.join(
                " ", corpora().stream().map(corpus -> print(corpus.train())).toList());
    }

    private String heldOutPrint() {
        return String.join(
                " ", corpora().stream().map(corpus -> print(corpus.heldOut())).toList());
    }

    private String print(List<Path> files) {
        return String.join(" ", files.stream().map(this::print).toList());
    }

    private static void copy(Path from, Path to) {
        AtomicFile.write(to, channel -> {
            try (FileChannel source = FileChannel.open(from, StandardOpenOption.READ)) {
                long done = 0;
                while (done < source.size()) {
                    done += source.transferTo(done, source.size() - done, channel);
                }
            }
        });
    }
}
