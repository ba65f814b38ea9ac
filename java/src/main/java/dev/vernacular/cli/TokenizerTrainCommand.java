package dev.vernacular.cli;

import dev.vernacular.files.DocumentReader;
import dev.vernacular.files.InputFiles;
import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.tokenizer.training.BpeTrainer;
import dev.vernacular.tokenizer.training.PieceCounts;
import dev.vernacular.tokenizer.training.TrainingSettings;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.IllformedLocaleException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/// `tokenizer train`: a vocabulary from text.
@Command(
        name = "train",
        mixinStandardHelpOptions = true,
        description = "Trains a byte-level BPE tokenizer on text.",
        footer = "%nExample: vernacular tokenizer train --input 'th/*.jsonl.gz' --vocab-size 8000"
                + " --pre-tokenizer marks --words th --output tok/th")
final class TokenizerTrainCommand implements Callable<Integer> {
    @CommandLine.Spec
    private CommandSpec spec;

    @Mixin
    private CommonOptions common;

    @Option(
            names = "--input",
            required = true,
            arity = "1..*",
            paramLabel = "FILE",
            description = "Plain text (a line is a document) or JSONL (key text); gzip, zstd and globs too.")
    private List<String> input;

    @Option(
            names = "--vocab-size",
            required = true,
            paramLabel = "N",
            description = "Bytes, merges and special tokens together.")
    private int vocabularySize;

    @Option(
            names = {"--output", "--out"},
            required = true,
            paramLabel = "DIR",
            description = "Folder for the tokenizer's files.")
    private Path output;

    @Option(
            names = "--pre-tokenizer",
            paramLabel = "NAME",
            defaultValue = "gpt2",
            description = "gpt2 (default), or marks: combining marks stay in words.")
    private String preTokenizer;

    @Option(
            names = "--words",
            paramLabel = "LANG",
            description = "Keep merges within the words of this language, for scripts without spaces: th, km, lo, …")
    private Optional<String> words;

    @Option(
            names = "--min-frequency",
            paramLabel = "N",
            defaultValue = "2",
            description = "Pairs seen less often are not merged. Default: ${DEFAULT-VALUE}.")
    private long minFrequency;

    @Option(
            names = "--special",
            arity = "1..*",
            paramLabel = "TOKEN",
            defaultValue = "<|endoftext|>",
            description = "Special tokens, which take the last ids. Default: ${DEFAULT-VALUE}.")
    private List<String> specials;

    @Option(names = "--force", description = "Replace a tokenizer that is there.")
    private boolean force;

    @Override
    public Integer call() {
        TrainingSettings settings = new TrainingSettings(
                vocabularySize,
                TokenizerCommand.preTokenizer(spec, preTokenizer),
                words.map(this::language),
                minFrequency,
                specials);
        Tokenizer.refuseToReplace(output, force);
        PieceCounts pieces = new PieceCounts(settings.preTokenizer(), settings.words());
        DocumentReader.forEachText(InputFiles.find(input), TokenizerCommand.KEY, pieces::add);
        Console.note(pieces.size() + " distinct pieces; learning merges");
        Tokenizer tokenizer = BpeTrainer.train(settings, pieces);
        tokenizer.save(output, force);
        report(tokenizer);
        return 0;
    }

    private Locale language(String tag) {
        try {
            Locale locale = new Locale.Builder().setLanguageTag(tag).build();
            boolean isKnown = Arrays.stream(Locale.getAvailableLocales())
                    .anyMatch(known -> known.getLanguage().equals(locale.getLanguage()));
            if (locale.getLanguage().isEmpty() || !isKnown) {
                throw new ParameterException(
                        spec.commandLine(), "--words is '" + tag + "', a language that this Java does not know");
            }
            return locale;
        } catch (IllformedLocaleException e) {
            throw new ParameterException(spec.commandLine(), "--words is '" + tag + "', a language tag such as th", e);
        }
    }

    private void report(Tokenizer tokenizer) {
        int merges = tokenizer.vocabulary().merges().size();
        if (common.json) {
            Map<String, Object> result = new LinkedHashMap<>();
            result.put("size", tokenizer.size());
            result.put("asked", vocabularySize);
            result.put("merges", merges);
            result.put("pre_tokenizer", tokenizer.preTokenizer());
            result.put("output", output.toString());
            Console.json(result);
            return;
        }
        if (tokenizer.size() < vocabularySize) {
            Console.note("the text has no more pairs that occur " + minFrequency + " times: " + tokenizer.size()
                    + " of " + vocabularySize + " tokens");
        }
        Console.result(output + ": " + tokenizer.size() + " tokens, " + merges + " merges, pre-tokenizer "
                + tokenizer.preTokenizer());
    }
}
