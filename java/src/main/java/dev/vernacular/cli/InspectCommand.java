package dev.vernacular.cli;

import dev.vernacular.config.Yaml;
import dev.vernacular.inspect.Inspection;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `inspect`: what a model, a run, a tokenizer or a dataset is.
@Command(
        name = "inspect",
        mixinStandardHelpOptions = true,
        description = "Says what a model, a run folder, a tokenizer or a dataset is, without loading it.",
        footer = {"", "Example:", "  vernacular inspect gpt.nemo --tensors"})
final class InspectCommand implements Runnable {
    @Parameters(
            paramLabel = "PATH",
            description = "A model, a run's folder (nemo_experiments/NAME), a tokenizer's folder, or an .idx file.")
    private Path path;

    @Option(names = "--tensors", description = "List every tensor with its type, shape and hash.")
    private boolean listTensors;

    @Option(
            names = "--hash",
            description = "Hash the file and the numbers in it also where that takes long (more than 256 MiB)."
                    + " Weights have one hash in all formats.")
    private boolean hash;

    @Option(names = "--hparams", paramLabel = "FILE", description = "hparams.yaml of a Lightning checkpoint.")
    private Optional<Path> hparams = Optional.empty();

    @Mixin
    private CommonOptions common;

    @Override
    public void run() {
        Map<String, Object> facts = new Inspection(hparams, listTensors, hash).of(path);
        if (common.json) {
            Console.json(facts);
        } else {
            facts.forEach(InspectCommand::show);
        }
    }

    private static void show(String key, Object value) {
        String name = key.replace('_', ' ');
        switch (value) {
            case null -> Console.result(line(name, key.endsWith("sha256") ? "(add --hash)" : "-"));
            case Map<?, ?> facts when key.equals("config") -> showConfig(facts);
            case Map<?, ?> facts -> facts.forEach((inner, fact) -> show(name + ", " + inner, fact));
            case List<?> facts
            when facts.stream().anyMatch(Map.class::isInstance) -> {
                Console.result(name);
                showTable(facts);
            }
            case List<?> list ->
                Console.result(line(name, list.stream().map(String::valueOf).collect(Collectors.joining(", "))));
            default -> Console.result(line(name, String.valueOf(value)));
        }
    }

    private static String line(String name, String value) {
        return "%-28s %s".formatted(name, value);
    }

    private static void showConfig(Map<?, ?> config) {
        Console.result("config");
        Map<String, Object> named = new LinkedHashMap<>();
        config.forEach((key, value) -> named.put(String.valueOf(key), value));
        Yaml.write(named).lines().forEach(line -> Console.result("  " + line));
    }

    /// Tensors or checkpoints, a row each, in columns as wide as they need to be.
    private static void showTable(List<?> rows) {
        List<List<String>> cells = rows.stream()
                .map(row -> row instanceof Map<?, ?> facts
                        ? facts.values().stream().map(InspectCommand::cell).toList()
                        : List.of(cell(row)))
                .toList();
        for (List<String> row : cells) {
            StringBuilder line = new StringBuilder();
            for (int column = 0; column < row.size(); column++) {
                line.append("  ").append(padded(row.get(column), width(cells, column)));
            }
            Console.result(line.toString().stripTrailing());
        }
    }

    private static int width(List<List<String>> cells, int column) {
        return cells.stream()
                .filter(row -> column < row.size())
                .mapToInt(row -> row.get(column).length())
                .max()
                .orElse(0);
    }

    private static String padded(String text, int width) {
        return text + " ".repeat(width - text.length());
    }

    private static String cell(Object value) {
        return switch (value) {
            case null -> "-";
            case long[] shape -> Arrays.toString(shape);
            default -> String.valueOf(value);
        };
    }
}
