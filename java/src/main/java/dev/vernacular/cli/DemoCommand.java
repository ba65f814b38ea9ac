package dev.vernacular.cli;

import dev.vernacular.demo.Demo;
import java.nio.file.Path;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `demo`: the whole mission on a built-in model and corpus.
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Trains a small English GPT and teaches it a new language, in about two minutes, with nothing to download.",
            "Example: vernacular demo --language ja"
        })
final class DemoCommand implements Runnable {
    @Option(
            names = "--language",
            defaultValue = "th",
            paramLabel = "CODE",
            description = "th (default), ja, hi, ar, de, or any language that Java has names in.")
    private String language;

    @Option(
            names = "--minutes",
            defaultValue = "3",
            paramLabel = "M",
            description = "How long it may take on two cores; fewer than 3 train less.")
    private double minutes;

    @Option(
            names = {"--out", "--output"},
            defaultValue = "vernacular-demo",
            paramLabel = "DIR",
            description = "Folder of all results; a demo that is there is replaced.")
    private Path out;

    @Option(names = "--force", description = "Empty the folder even if it holds something else.")
    private boolean force;

    @Mixin
    private BackendOptions backends;

    @Mixin
    private CommonOptions common;

    /// `TH`, `th-TH` and `th_TH` mean `th`.
    static String code(String language) {
        return language.replaceFirst("[-_].*", "").toLowerCase(Locale.ROOT);
    }

    @Override
    public void run() {
        Demo.Options options = new Demo.Options(code(language), out, minutes, force, Main.VERSION);
        Demo.Result result = new Demo(options, backends.opener(), Console::note, new TrainProgress(false)).run();
        if (common.json) {
            Console.json(result.json());
            return;
        }
        ReportText.print(result.report());
        Console.result("\nThe page with curves and questions: " + result.page());
        Console.result("Try it: ./vernacular generate --model " + result.json().get("model") + " --prompt '"
                + result.report().samples().getFirst().prompt() + "'");
    }
}
