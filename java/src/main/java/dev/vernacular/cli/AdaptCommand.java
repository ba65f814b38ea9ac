package dev.vernacular.cli;

import dev.vernacular.adapt.AdaptReport;
import dev.vernacular.adapt.AdaptSettings;
import dev.vernacular.adapt.Adaptation;
import dev.vernacular.adapt.Models;
import dev.vernacular.checkpoint.expand.RowInit;
import dev.vernacular.report.Report;
import dev.vernacular.report.ReportPage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `adapt`: the whole mission on a user's model and text.
@Command(
        name = "adapt",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Teaches a model a new language: tokenizer, expansion, data, training with replay, evaluation, export,"
                    + " report. Run it again to go on where it stopped.",
            "Example: vernacular adapt --base gpt.nemo --text thai.jsonl --replay english.jsonl --out gpt-th"
        })
final class AdaptCommand implements Runnable {
    @Option(names = "--base", required = true, paramLabel = "MODEL", description = "The model to teach.")
    private Path base;

    @Option(
            names = "--text",
            required = true,
            arity = "1..*",
            paramLabel = "FILE",
            description = "Texts in the new language: JSON Lines or plain text, gzip or zstd; globs.")
    private List<String> text;

    @Option(
            names = "--replay",
            arity = "1..*",
            paramLabel = "FILE",
            description = "Texts in the model's own language, so that it is not forgotten.")
    private List<String> replay = new ArrayList<>();

    @Option(
            names = {"--out", "--output"},
            required = true,
            paramLabel = "DIR",
            description = "Folder of all results.")
    private Path out;

    @Option(
            names = "--vocab-size",
            defaultValue = "8000",
            paramLabel = "N",
            description = "Of the new language's own tokenizer, before the merge; default: ${DEFAULT-VALUE}.")
    private int vocabularySize;

    @Option(
            names = "--init",
            defaultValue = "subtoken",
            paramLabel = "METHOD",
            description = "New rows: subtoken (default), zero, normal, mean or mean-cov.")
    private String init;

    @Option(
            names = "--replay-ratio",
            defaultValue = "0.33",
            paramLabel = "R",
            description = "Share of training sequences from --replay; default: ${DEFAULT-VALUE}.")
    private double replayRatio;

    @Option(
            names = "--language",
            defaultValue = "auto",
            paramLabel = "CODE",
            description = "Code of the new language; default: told from its script.")
    private String language;

    @Option(
            names = "--base-language",
            defaultValue = "en",
            paramLabel = "CODE",
            description = "Code of the model's own language; default: ${DEFAULT-VALUE}.")
    private String baseLanguage;

    @Option(names = "--seed", defaultValue = "1234", paramLabel = "N", description = "Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Option(
            names = "--prompt",
            arity = "1..*",
            converter = PromptText.class,
            paramLabel = "TEXT",
            description = "Texts to continue before and after.")
    private List<String> prompts = new ArrayList<>();

    @Parameters(
            arity = "0..*",
            paramLabel = "key=value",
            description = "Of the training, as the train command takes them.")
    private List<String> overrides = new ArrayList<>();

    @Mixin
    private BackendOptions backends;

    @Mixin
    private CommonOptions common;

    @Override
    public void run() {
        overrides.addAll(PromptText.takeOverrides(prompts));
        AdaptSettings settings = new AdaptSettings(
                base,
                new AdaptSettings.Texts(language, text, Optional.empty()),
                replay.isEmpty()
                        ? Optional.empty()
                        : Optional.of(new AdaptSettings.Texts(baseLanguage, replay, Optional.empty())),
                out,
                vocabularySize,
                RowInit.of(init),
                replayRatio,
                seed,
                prompts,
                overrides);
        Models models = new Models(backends.opener());
        Adaptation adaptation = new Adaptation(settings, models, Main.VERSION, Console::note, new TrainProgress(false));
        Adaptation.Result result = adaptation.run();
        List<AdaptReport.Sample> samples = adaptation.samples();
        AdaptReport report = new AdaptReport(result, Optional.empty());
        Path page = out.resolve("report.html");
        Report shown = report.report(samples, AdaptReport.Additions.NONE);
        ReportPage.write(page, shown);
        if (common.json) {
            Console.json(report.json(samples, page));
        } else {
            ReportText.print(shown);
            Console.result("\n" + page);
        }
    }
}
