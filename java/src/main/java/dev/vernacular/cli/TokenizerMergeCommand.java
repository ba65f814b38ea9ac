package dev.vernacular.cli;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.vernacular.files.DocumentReader;
import dev.vernacular.files.InputFiles;
import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.tokenizer.check.TokenDrift;
import dev.vernacular.tokenizer.merge.Guard;
import dev.vernacular.tokenizer.merge.MergeReport;
import dev.vernacular.tokenizer.merge.TokenizerMerger;
import dev.vernacular.tokenizer.pieces.PreTokenizer;
import dev.vernacular.tokenizer.training.PieceCounts;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/// `tokenizer merge`: a base tokenizer with another's tokens behind its own.
@Command(
        name = "merge",
        mixinStandardHelpOptions = true,
        description = "Adds a tokenizer's merges to a base tokenizer; every base id and merge stays.",
        footer = "%nExample: vernacular tokenizer merge --base tok/en --add tok/th --output tok/en-th"
                + " --pre-tokenizer marks")
final class TokenizerMergeCommand implements Callable<Integer> {
    private record Result(
            @JsonUnwrapped MergeReport report,

            @JsonInclude(JsonInclude.Include.NON_ABSENT) @JsonProperty("changed_base_tokens")
            Double changedBaseTokens,

            String output) {}

    @CommandLine.Spec
    private CommandSpec spec;

    @Mixin
    private CommonOptions common;

    @Option(names = "--base", required = true, paramLabel = "DIR", description = "The model's tokenizer, or the model.")
    private Path base;

    @Option(names = "--add", required = true, paramLabel = "DIR", description = "The new language's tokenizer.")
    private Path add;

    @Option(
            names = {"--output", "--out"},
            required = true,
            paramLabel = "DIR",
            description = "Folder for the merged tokenizer.")
    private Path output;

    @Option(
            names = "--guard",
            paramLabel = "NAME",
            defaultValue = "script",
            description = {
                "script (default): only merges with characters of scripts other than Latin;",
                "base-text: only merges that do not fire on --base-text; none: all."
            })
    private String guard;

    @Option(
            names = "--base-text",
            arity = "1..*",
            paramLabel = "FILE",
            description = "Text in the base's language: the share of its tokens that change is told, and the guard"
                    + " base-text protects it.")
    private List<String> baseText = List.of();

    @Option(
            names = "--pre-tokenizer",
            paramLabel = "NAME",
            description = "gpt2, or marks: combining marks stay in words. Default: the base's.")
    private Optional<String> preTokenizer;

    @Option(names = "--force", description = "Replace a tokenizer that is there.")
    private boolean force;

    @Override
    public Integer call() {
        Tokenizer.refuseToReplace(output, force);
        Tokenizer before = TokenizerArgument.load(base);
        PreTokenizer cutter = preTokenizer
                .map(label -> TokenizerCommand.preTokenizer(spec, label))
                .orElse(before.vocabulary().preTokenizer());
        List<Path> texts = InputFiles.find(baseText);
        TokenizerMerger.Result merged =
                TokenizerMerger.merge(before, TokenizerArgument.load(add), guard(cutter, texts), cutter);
        TokenDrift drift = new TokenDrift(before, merged.tokenizer());
        DocumentReader.forEachText(texts, TokenizerCommand.KEY, drift::add);
        merged.tokenizer().save(output, force);
        report(merged.report(), drift, !texts.isEmpty());
        return 0;
    }

    private Guard guard(PreTokenizer cutter, List<Path> texts) {
        return switch (guard) {
            case "none" -> new Guard.None();
            case "script" -> new Guard.Script(Guard.LATIN);
            case "base-text" -> {
                if (texts.isEmpty()) {
                    throw new ParameterException(spec.commandLine(), "--guard base-text needs --base-text FILE");
                }
                PieceCounts pieces = new PieceCounts(cutter, Optional.empty());
                DocumentReader.forEachText(texts, TokenizerCommand.KEY, pieces::add);
                yield new Guard.BaseText(pieces);
            }
            default ->
                throw new ParameterException(
                        spec.commandLine(), "--guard is '" + guard + "'; it is script, base-text or none");
        };
    }

    private void report(MergeReport report, TokenDrift drift, boolean measured) {
        if (common.json) {
            Console.json(new Result(report, measured ? drift.share() : null, output.toString()));
            return;
        }
        Console.result("%s: %d tokens (%d of the base, %d new), pre-tokenizer %s"
                .formatted(output, report.size(), report.baseSize(), report.addedTokens(), report.preTokenizer()));
        Console.result("merges: %d added, %d in the base already, %d dropped by guard %s, %d dropped with their parts"
                .formatted(
                        report.addedMerges(),
                        report.mergesInBase(),
                        report.droppedByGuard(),
                        report.guard(),
                        report.droppedWithParts()));
        Console.result("new tokens that no text reaches: " + report.unreachable());
        Console.result("characters of the base's scripts cut otherwise: " + shown(report.changedCharacters()));
        if (measured) {
            Console.result("base tokens changed on the text: %d of %d (%.4f %%)"
                    .formatted(Math.round(drift.share() * drift.tokens()), drift.tokens(), 100 * drift.share()));
        }
    }

    private static String shown(List<String> characters) {
        String some = String.join(" ", characters.subList(0, Math.min(20, characters.size())));
        return characters.isEmpty() ? "none" : characters.size() + " (" + some + ")";
    }
}
