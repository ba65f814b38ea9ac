package dev.vernacular.cli;

import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.checkpoint.StoredTensor;
import dev.vernacular.data.IndexedDataset;
import dev.vernacular.model.GptConfig;
import dev.vernacular.model.ParameterLayout;
import dev.vernacular.tokenizer.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `inspect`: what a model, a tokenizer or a dataset is.
@Command(
        name = "inspect",
        mixinStandardHelpOptions = true,
        description = "Says what a model, a tokenizer or a dataset is, without loading it.",
        footer = {"", "Example:", "  vernacular inspect gpt.nemo --tensors"})
final class InspectCommand implements Runnable {
    @Parameters(paramLabel = "PATH", description = "A model, a tokenizer's folder, or an .idx file.")
    Path path;

    @Option(names = "--tensors", description = "List every tensor with its type and shape.")
    boolean listTensors;

    @Option(names = "--hparams", paramLabel = "FILE", description = "hparams.yaml of a Lightning checkpoint.")
    Path hparams;

    @Mixin
    CommonOptions common;

    @Override
    public void run() {
        if (path.toString().endsWith(".idx")) {
            print(dataset());
        } else {
            print(isTokenizer() ? tokenizer(Tokenizer.load(path)) : model());
        }
    }

    private boolean isTokenizer() {
        return Files.isDirectory(path)
                && !Files.exists(path.resolve("config.json"))
                && !Files.exists(path.resolve("model_config.yaml"))
                && (Files.exists(path.resolve("vocab.json")) || Files.exists(path.resolve("tokenizer.json")));
    }

    private Map<String, Object> dataset() {
        String name = path.getFileName().toString();
        Path prefix = path.resolveSibling(name.substring(0, name.length() - ".idx".length()));
        try (IndexedDataset dataset = IndexedDataset.open(prefix)) {
            Map<String, Object> facts = new LinkedHashMap<>();
            facts.put("path", path.toString());
            facts.put("kind", "dataset");
            facts.put("token_type", dataset.type().toString().toLowerCase(Locale.ROOT));
            facts.put("sequences", dataset.sequences());
            facts.put("documents", dataset.documents());
            facts.put("tokens", dataset.tokens());
            return facts;
        }
    }

    private Map<String, Object> tokenizer(Tokenizer tokenizer) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("path", path.toString());
        facts.put("kind", "tokenizer");
        facts.put("tokens", tokenizer.size());
        facts.put("merges", tokenizer.vocabulary().merges().size());
        facts.put("end_of_text", tokenizer.endOfText());
        facts.put("pre_tokenizer", tokenizer.preTokenizer());
        return facts;
    }

    private Map<String, Object> model() {
        try (ModelFile model = ModelFile.open(path, Optional.ofNullable(hparams))) {
            GptConfig config = model.config();
            Map<String, Object> facts = new LinkedHashMap<>();
            facts.put("path", path.toString());
            facts.put("kind", "model");
            facts.put("format", model.format().toString());
            facts.put("parameters", new ParameterLayout(config).parameterCount());
            facts.put(
                    "dtypes",
                    new TreeSet<>(
                            model.tensors().stream().map(InspectCommand::dtype).toList()));
            facts.put("layers", config.layers());
            facts.put("hidden_size", config.hiddenSize());
            facts.put("ffn_hidden_size", config.ffnHiddenSize());
            facts.put("heads", config.heads());
            facts.put("max_positions", config.maxPositions());
            facts.put("rows", config.paddedVocabularySize());
            facts.put("divisor", model.section().vocabularyDivisor());
            facts.put("tied", config.isTied());
            facts.put("activation", config.activation().name().toLowerCase(Locale.ROOT));
            facts.put("normalization", config.norm().name().toLowerCase(Locale.ROOT));
            facts.put("rope_dims", config.ropeDims());
            model.tokenizer().ifPresent(files -> putTokenizer(facts, Tokenizer.of(files), config));
            facts.put(
                    "weight_bytes",
                    model.tensors().stream().mapToLong(StoredTensor::byteSize).sum());
            if (listTensors) {
                facts.put(
                        "tensors",
                        model.tensors().stream().map(InspectCommand::tensor).toList());
            }
            return facts;
        }
    }

    private static void putTokenizer(Map<String, Object> facts, Tokenizer tokenizer, GptConfig config) {
        facts.put("tokens", tokenizer.size());
        facts.put("padding_rows", config.paddedVocabularySize() - tokenizer.size());
        facts.put("pre_tokenizer", tokenizer.preTokenizer());
    }

    private static String dtype(StoredTensor tensor) {
        return tensor.dtype().name().toLowerCase(Locale.ROOT);
    }

    private static Map<String, Object> tensor(StoredTensor tensor) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("name", tensor.name());
        facts.put("dtype", dtype(tensor));
        facts.put("shape", tensor.shape());
        return facts;
    }

    private void print(Map<String, Object> facts) {
        if (common.json) {
            Console.json(facts);
            return;
        }
        facts.forEach((key, value) -> {
            if (value instanceof List<?> tensors) {
                tensors.forEach(InspectCommand::printTensor);
            } else {
                String text = value instanceof TreeSet<?> set
                        ? set.stream().map(String::valueOf).collect(Collectors.joining(", "))
                        : String.valueOf(value);
                Console.result("%-16s %s".formatted(key.replace('_', ' '), text));
            }
        });
    }

    private static void printTensor(Object tensor) {
        if (tensor instanceof Map<?, ?> facts && facts.get("shape") instanceof long[] shape) {
            Console.result("  %-36s %-5s %s".formatted(facts.get("name"), facts.get("dtype"), Arrays.toString(shape)));
        }
    }
}
