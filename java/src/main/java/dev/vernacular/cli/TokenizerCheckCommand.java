package dev.vernacular.cli;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.vernacular.files.DocumentReader;
import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.tokenizer.check.TextCheck;
import dev.vernacular.tokenizer.check.TextMeter;
import dev.vernacular.tokenizer.check.VocabularyCheck;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/// `tokenizer check`: what a merged tokenizer keeps and gains.
@Command(
        name = "check",
        mixinStandardHelpOptions = true,
        description = "Compares a merged tokenizer with its base: ids, tokens per word, drift, round trip.",
        footer = "%nExample: vernacular tokenizer check --base tok/en --merged tok/en-th --text en=en.txt th=th.txt")
final class TokenizerCheckCommand implements Callable<Integer> {
    private record Result(@JsonUnwrapped VocabularyCheck vocabulary, Map<String, TextCheck> texts) {}

    @CommandLine.Spec
    private CommandSpec spec;

    @Mixin
    private CommonOptions common;

    @Option(
            names = "--base",
            required = true,
            paramLabel = "DIR",
            description = "The base's: a folder, or a model with one.")
    private Path base;

    @Option(names = "--merged", required = true, paramLabel = "DIR", description = "The merged one, likewise.")
    private Path merged;

    @Option(
            names = "--text",
            arity = "1..*",
            paramLabel = "NAME=FILE",
            description = "Text to measure on; several files of one name are one text. Words are counted in the"
                    + " language NAME (en, th, …).")
    private List<String> texts = List.of();

    @Override
    public Integer call() {
        Tokenizer before = TokenizerArgument.load(base);
        Tokenizer after = TokenizerArgument.load(merged);
        Map<String, TextCheck> checks = new LinkedHashMap<>();
        NamedTexts.files(texts, spec).forEach((name, files) -> {
            TextMeter meter = new TextMeter(before, after, name);
            DocumentReader.forEachText(files, TokenizerCommand.KEY, meter::add);
            checks.put(name, meter.result());
        });
        report(new Result(VocabularyCheck.of(before, after), checks));
        return 0;
    }

    private void report(Result result) {
        if (common.json) {
            Console.json(result);
            return;
        }
        VocabularyCheck vocabulary = result.vocabulary();
        Console.result("tokens: %d in the base, %d merged; base ids %s, base merges %s"
                .formatted(
                        vocabulary.baseSize(),
                        vocabulary.mergedSize(),
                        vocabulary.baseIdsIdentical() ? "identical" : "CHANGED",
                        vocabulary.baseMergesIdentical() ? "identical" : "CHANGED"));
        Console.result("new tokens that no text reaches: " + vocabulary.unreachable());
        Console.result("%-8s %10s  %21s  %21s  %21s  %12s  round trip"
                .formatted("text", "words", "tokens/word", "tokens/character", "tokens/byte", "base changed"));
        result.texts().forEach((name, text) -> Console.result(row(name, text)));
    }

    private static String row(String name, TextCheck text) {
        return "%-8s %10d  %s  %s  %s  %10.4f %%  %s"
                .formatted(
                        name,
                        text.words(),
                        change(text.base().perWord(), text.merged().perWord()),
                        change(text.base().perCharacter(), text.merged().perCharacter()),
                        change(text.base().perByte(), text.merged().perByte()),
                        100 * text.changedBaseTokens(),
                        text.roundTrip() ? "exact" : "NOT EXACT");
    }

    private static String change(double before, double after) {
        return "%9.3f → %9.3f".formatted(before, after);
    }
}
