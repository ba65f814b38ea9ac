package dev.vernacular.cli;

import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.eval.EvalException;
import dev.vernacular.eval.Score;
import dev.vernacular.eval.Scorer;
import dev.vernacular.files.DocumentReader;
import dev.vernacular.generate.IdLines;
import dev.vernacular.kernels.Backend;
import dev.vernacular.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `score`: how well a model predicts texts.
@Command(
        name = "score",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Teacher-forced log-probabilities: perplexity and bits per byte of texts, a document a line.",
            "Example: vernacular score --model model.nemo --text en=english.txt th=thai.jsonl"
        })
final class ScoreCommand implements Runnable {
    @Option(names = "--model", required = true, paramLabel = "MODEL", description = "Any supported model.")
    private Path model;

    @Mixin
    private NamedTexts texts;

    @Option(
            names = "--ids",
            description =
                    "The files hold token ids, one sequence a line; nothing is put before them, and --json gives the"
                            + " log-probability of each token but the first.")
    private boolean ids;

    @Option(
            names = "--json-key",
            defaultValue = "text",
            paramLabel = "KEY",
            description = "Field of JSON lines that holds the text; default: ${DEFAULT-VALUE}.")
    private String key;

    @Mixin
    private TokenizerOption tokenizers;

    @Mixin
    private BackendOptions backends;

    @Mixin
    private CommonOptions common;

    @Override
    public void run() {
        Map<String, List<Path>> files = texts.files();
        Map<String, Object> json = new LinkedHashMap<>();
        List<String> notFinite = new ArrayList<>();
        try (ModelFile file = ModelFile.open(model);
                Backend backend = backends.open()) {
            Optional<Tokenizer> tokenizer = ids ? Optional.empty() : Optional.of(tokenizers.required(file));
            Scorer scorer = Scorer.open(file, backend);
            files.forEach((name, paths) -> {
                Score score = ids
                        ? scoreIds(name, paths, scorer, json)
                        : scoreText(name, paths, scorer, tokenizer.orElseThrow(), json);
                if (!Double.isFinite(score.nll())) {
                    notFinite.add(name);
                }
            });
            if (common.json) {
                Console.json(json);
            }
            if (!notFinite.isEmpty()) {
                throw EvalException.notFinite(file, notFinite);
            }
        }
    }

    private Score scoreText(
            String name, List<Path> paths, Scorer scorer, Tokenizer tokenizer, Map<String, Object> json) {
        try (DocumentReader documents = DocumentReader.open(paths, key)) {
            Score score = scorer.score(documents, tokenizer);
            requireTokens(name, paths, score, "no document with any text");
            json.put(name, numbers(score));
            show(name, score);
            return score;
        }
    }

    private Score scoreIds(String name, List<Path> paths, Scorer scorer, Map<String, Object> json) {
        List<int[]> sequences =
                paths.stream().flatMap(path -> IdLines.read(path).stream()).toList();
        List<float[]> logprobs = scorer.logprobs(sequences);
        Score score = Score.of(logprobs, 0);
        requireTokens(name, paths, score, "no sequence of two or more ids");
        Map<String, Object> numbers = numbers(score);
        numbers.put("token_logprobs", logprobs);
        json.put(name, numbers);
        show(name, score);
        return score;
    }

    private static void requireTokens(String name, List<Path> paths, Score score, String what) {
        if (score.tokens() == 0) {
            throw new EvalException("there is nothing to score for " + name + ": " + what + " is in "
                    + String.join(", ", paths.stream().map(Path::toString).toList()));
        }
    }

    private void show(String name, Score score) {
        if (!common.json) {
            Console.result(
                    ids
                            ? String.format("%s: %,d tokens, perplexity %.4f", name, score.tokens(), score.perplexity())
                            : String.format(
                                    "%s: %,d tokens, %,d bytes, perplexity %.4f, %.4f bits per byte",
                                    name, score.tokens(), score.bytes(), score.perplexity(), score.bitsPerByte()));
        }
    }

    /// Ids alone stand for no known text, so they have no bytes.
    private Map<String, Object> numbers(Score score) {
        Map<String, Object> numbers = new LinkedHashMap<>();
        numbers.put("tokens", score.tokens());
        numbers.put("bytes", ids ? null : score.bytes());
        numbers.put("nll", score.nll());
        numbers.put("perplexity", score.perplexity());
        numbers.put("bits_per_byte", ids ? null : score.bitsPerByte());
        return numbers;
    }
}
