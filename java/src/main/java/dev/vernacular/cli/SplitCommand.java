package dev.vernacular.cli;

import dev.vernacular.data.DataException;
import dev.vernacular.data.text.CorpusSplit;
import dev.vernacular.files.InputFiles;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `split`: a corpus to `train.jsonl`, `val.jsonl` and `test.jsonl`.
@Command(
        name = "split",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Divides a corpus by document into train.jsonl, val.jsonl and test.jsonl.",
            "Example: vernacular split --input corpus.jsonl --output data --ratios 0.98,0.01,0.01"
        })
final class SplitCommand implements Runnable {
    private static final double ROUNDING = 1e-6;

    @Mixin
    private CommonOptions common;

    @Option(names = "--input", required = true, arity = "1..*", paramLabel = "FILE", description = "Files or patterns.")
    private List<String> input;

    @Option(
            names = {"--output", "--out"},
            required = true,
            paramLabel = "DIR",
            description = "Folder of the three files.")
    private Path output;

    @Option(
            names = "--ratios",
            defaultValue = "0.98,0.01,0.01",
            paramLabel = "A,B,C",
            description = "Shares of train, validation and test; default: ${DEFAULT-VALUE}.")
    private String ratios;

    @Option(names = "--seed", defaultValue = "1234", paramLabel = "N", description = "Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Option(
            names = {"--json-key", "--json-keys"},
            defaultValue = "text",
            paramLabel = "KEY",
            description = "Field that holds the text; default: ${DEFAULT-VALUE}.")
    private String key;

    @Option(names = "--dedup", paramLabel = "HOW", description = "exact: leave out a document equal to an earlier one.")
    private Optional<String> dedup = Optional.empty();

    @Option(names = "--force", description = "Replace older files.")
    private boolean force;

    @Override
    public void run() {
        if (dedup.isPresent() && !dedup.get().equals("exact")) {
            throw new DataException("--dedup " + dedup.get() + " is not supported, only exact is");
        }
        CorpusSplit.Result result = CorpusSplit.run(
                new CorpusSplit.Options(InputFiles.find(input), output, key, shares(), seed, dedup.isPresent(), force));
        if (common.json) {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("train", result.train());
            json.put("val", result.validation());
            json.put("test", result.test());
            json.put("copies", result.copies());
            json.put("output", output.toString());
            Console.json(json);
        } else {
            Console.result(String.format(
                    "%s: train.jsonl %,d, val.jsonl %,d, test.jsonl %,d documents%s",
                    output,
                    result.train(),
                    result.validation(),
                    result.test(),
                    result.copies() > 0 ? String.format(", %,d copies left out", result.copies()) : ""));
        }
    }

    private List<Double> shares() {
        List<Double> shares = parseRatios();
        double sum = shares.stream().mapToDouble(share -> share).sum();
        String wrong = shares.size() != 3
                ? "three numbers are needed, for train, validation and test"
                : shares.stream().anyMatch(share -> share < 0)
                        ? "a share cannot be negative"
                        : sum == 0
                                ? "they are all zero"
                                : Double.isFinite(sum) ? "" : "a share must be a finite number";
        if (!wrong.isEmpty()) {
            throw new DataException("--ratios " + ratios + ": " + wrong + "\n  Give such as 0.98,0.01,0.01.");
        }
        if (Math.abs(sum - 1) > ROUNDING) {
            Console.note("the ratios sum to %s, so the shares are %.3f, %.3f and %.3f"
                    .formatted((float) sum, shares.get(0) / sum, shares.get(1) / sum, shares.get(2) / sum));
        }
        return shares;
    }

    private List<Double> parseRatios() {
        try {
            return Arrays.stream(ratios.split(","))
                    .map(String::strip)
                    .map(Double::valueOf)
                    .toList();
        } catch (NumberFormatException e) {
            throw new DataException("--ratios " + ratios + " are no numbers; expected such as 0.98,0.01,0.01");
        }
    }
}
