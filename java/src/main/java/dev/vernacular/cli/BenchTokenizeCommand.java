package dev.vernacular.cli;

import dev.vernacular.files.DocumentReader;
import dev.vernacular.files.InputFiles;
import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.tokenizer.check.EncodingBenchmark;
import dev.vernacular.tokenizer.training.BpeTrainer;
import dev.vernacular.tokenizer.training.TrainingSettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `bench tokenize`: encoding of a text in memory.
@Command(
        name = "tokenize",
        mixinStandardHelpOptions = true,
        description = {"Times encoding.", "Example: vernacular bench tokenize --input english.jsonl --tokenizer gpt2"})
final class BenchTokenizeCommand implements Runnable {
    private static final int VOCABULARY = 8000;

    @Mixin
    private CommonOptions common;

    @Option(
            names = "--input",
            required = true,
            arity = "1..*",
            paramLabel = "FILE",
            description = "Text or JSON Lines.")
    private List<String> input;

    @Option(
            names = "--tokenizer",
            paramLabel = "DIR",
            description = "A folder, or a model with one; default: one of 8,000 tokens learned from the input first.")
    private Optional<Path> tokenizer = Optional.empty();

    @Option(names = "--threads", paramLabel = "N", description = "Default: all that this process may use.")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "5",
            description = "Passes over the text; default: ${DEFAULT-VALUE}.")
    private int passes;

    @Override
    public void run() {
        ModelShapeOptions.require("--threads", threads);
        ModelShapeOptions.require("--steps", passes);
        List<String> documents = new ArrayList<>();
        DocumentReader.forEachText(InputFiles.find(input), "text", documents::add);
        Tokenizer encoder = tokenizer.map(TokenizerArgument::load).orElseGet(() -> learned(documents));
        EncodingBenchmark.Result result = new EncodingBenchmark(encoder, documents, threads).run(passes);
        if (!common.json) {
            Console.result("%.1f MB/s (first pass %.1f), %,d bytes, %,d tokens, %d threads"
                    .formatted(
                            result.megabytesPerSecond(),
                            result.firstMegabytesPerSecond(),
                            result.bytes(),
                            result.tokens(),
                            threads));
            return;
        }
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("mb_per_s", result.megabytesPerSecond());
        line.put("mb_per_s_first", result.firstMegabytesPerSecond());
        line.put("bytes", result.bytes());
        line.put("tokens", result.tokens());
        line.put("vocabulary_size", encoder.size());
        line.put("threads", threads);
        line.put("peak_bytes", BenchCommand.peakBytes());
        Console.json(line);
    }

    private static Tokenizer learned(List<String> documents) {
        Console.note("no --tokenizer: learning one of " + VOCABULARY + " tokens from the input first");
        return BpeTrainer.train(TrainingSettings.of(VOCABULARY), documents.stream());
    }
}
