package dev.vernacular.inspect;

import dev.vernacular.data.IndexedDataset;
import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.train.store.RunSummary;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Tells what a path is and gives its facts.
///
/// @param hparams of a Lightning checkpoint
/// @param tensors list a model's tensors
/// @param hashes  compute hashes even where that takes long
public record Inspection(Optional<Path> hparams, boolean tensors, boolean hashes) {
    private static final List<String> TOKENIZER_FILES = List.of("vocab.json", "merges.txt", "tokenizer.json");

    /// @return `path`, `kind` (`model`, `run`, `dataset`, `tokenizer`) and the facts of that kind
    /// @throws dev.vernacular.VernacularException if it is none of these, or damaged
    public Map<String, Object> of(Path path) {
        if (path.toString().endsWith(".idx") || path.toString().endsWith(".bin") && Files.exists(index(path))) {
            return dataset(path);
        }
        if (isTokenizer(path)) {
            return tokenizer(path);
        }
        if (!isModelFolder(path) && RunSummary.isRun(path)) {
            return RunFacts.of(path);
        }
        return new ModelFacts(path, hparams, tensors, hashes).facts();
    }

    /// A folder of nothing else, or a file that can only be a tokenizer's.
    private static boolean isTokenizer(Path path) {
        if (Files.isRegularFile(path)) {
            return TOKENIZER_FILES.contains(path.getFileName().toString());
        }
        return Files.isDirectory(path)
                && !isModelFolder(path)
                && TOKENIZER_FILES.stream().anyMatch(name -> Files.exists(path.resolve(name)));
    }

    private static boolean isModelFolder(Path path) {
        return Files.exists(path.resolve("config.json")) || Files.exists(path.resolve("model_config.yaml"));
    }

    private static Path prefix(Path path) {
        String name = path.getFileName().toString();
        return path.resolveSibling(name.substring(0, name.length() - ".idx".length()));
    }

    private static Path index(Path path) {
        return path.resolveSibling(prefix(path).getFileName() + ".idx");
    }

    private static Map<String, Object> dataset(Path path) {
        try (IndexedDataset dataset = IndexedDataset.open(prefix(path))) {
            long longest = 0;
            for (long sequence = 0; sequence < dataset.sequences(); sequence++) {
                longest = Math.max(longest, dataset.length(sequence));
            }
            Map<String, Object> facts = start(path, "dataset");
            facts.put("token_type", dataset.type().toString().toLowerCase(Locale.ROOT));
            facts.put("sequences", dataset.sequences());
            facts.put("documents", dataset.documents());
            facts.put("tokens", dataset.tokens());
            facts.put("longest_sequence", longest);
            facts.put("token_bytes", dataset.tokens() * dataset.type().bytes());
            return facts;
        }
    }

    private static Map<String, Object> tokenizer(Path path) {
        Tokenizer tokenizer =
                Tokenizer.load(Files.isRegularFile(path) ? path.toAbsolutePath().getParent() : path);
        Map<String, Object> facts = start(path, "tokenizer");
        facts.put("tokens", tokenizer.size());
        facts.put("merges", tokenizer.vocabulary().merges().size());
        facts.put("added_tokens", tokenizer.addedIds().size());
        facts.put("end_of_text", tokenizer.endOfText());
        facts.put("pre_tokenizer", tokenizer.preTokenizer());
        return facts;
    }

    static Map<String, Object> start(Path path, String kind) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("path", path.toString());
        facts.put("kind", kind);
        return facts;
    }
}
