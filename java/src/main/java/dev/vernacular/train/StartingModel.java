package dev.vernacular.train;

import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.checkpoint.ModelWeights;
import dev.vernacular.config.ModelSection;
import dev.vernacular.config.RunConfig;
import dev.vernacular.files.FilesException;
import dev.vernacular.model.GptConfig;
import dev.vernacular.model.ParameterInit;
import dev.vernacular.model.ParameterLayout;
import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.tokenizer.TokenizerFiles;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// What a run starts from: a model's weights, or fresh ones.
///
/// @param config         the architecture, with what the command line changed
/// @param section        its keys in NeMo's words
/// @param tokenizerFiles empty for a model that carries none
/// @param tokenizer      the same, loaded
/// @param weights        writes the flat float32 buffer of the layout it is given
record StartingModel(
        GptConfig config,
        ModelSection section,
        Optional<TokenizerFiles> tokenizerFiles,
        Optional<Tokenizer> tokenizer,
        Weights weights) {
    private static final String INSIDE = "nemo:";
    private static final String JSON = "tokenizer.tokenizer_json";
    private static final String VOCABULARY = "tokenizer.vocab_file";
    private static final String MERGES = "tokenizer.merge_file";

    /// Fills a flat buffer with the starting weights.
    @FunctionalInterface
    interface Weights {
        void fill(ParameterLayout layout, MemorySegment flat);
    }

    /// @throws TrainException if the model does not have the shapes that the configuration asks for, or there
    ///                        is neither a model nor a tokenizer
    static StartingModel of(RunConfig config) {
        return config.restoreFrom().isPresent()
                ? restored(config, config.restoreFrom().get())
                : fresh(config);
    }

    private static StartingModel restored(RunConfig config, Path path) {
        try (ModelFile file = ModelFile.open(path, config.hparams())) {
            GptConfig wanted = config.model().gptConfig(file.config().paddedVocabularySize());
            requireSameShapes(path, file.config(), wanted);
            boolean isGiven = Stream.of(JSON, VOCABULARY, MERGES)
                    .anyMatch(key ->
                            !config.model().get(key).equals(file.section().get(key)));
            Optional<TokenizerFiles> files = isGiven ? onDisk(config.model()) : file.tokenizer();
            Optional<Tokenizer> tokenizer = files.map(Tokenizer::of);
            tokenizer.ifPresent(found -> requireRows(path, wanted, found));
            file.requireWhole();
            return new StartingModel(wanted, config.model(), files, tokenizer, (layout, flat) -> {
                try (ModelFile weights = ModelFile.open(path, config.hparams())) {
                    ModelWeights.load(weights, layout, flat);
                    requireFinite(path, layout, flat);
                }
            });
        }
    }

    private static StartingModel fresh(RunConfig config) {
        TokenizerFiles files = onDisk(config.model())
                .orElseThrow(() -> new TrainException("there is neither a model to start from nor a tokenizer\n"
                        + "  Set restore_from_path to a .nemo file; or, to train from random weights,"
                        + " model.tokenizer.vocab_file and model.tokenizer.merge_file."));
        Tokenizer tokenizer = Tokenizer.of(files);
        int divisor = config.model().vocabularyDivisor();
        GptConfig gpt = config.model().gptConfig(Math.ceilDiv(tokenizer.size(), divisor) * divisor);
        return new StartingModel(
                gpt,
                config.model(),
                Optional.of(files),
                Optional.of(tokenizer),
                (layout, flat) -> new ParameterInit(gpt, config.seed()).fill(layout, flat));
    }

    /// Files that the configuration names on disk; a `nemo:` name is inside the model.
    private static Optional<TokenizerFiles> onDisk(ModelSection model) {
        Optional<Path> json = path(model, JSON);
        Optional<Path> vocab = path(model, VOCABULARY);
        Optional<Path> merges = path(model, MERGES);
        if (json.isEmpty() && vocab.isEmpty() && merges.isEmpty()) {
            return Optional.empty();
        }
        if (json.isEmpty() && (vocab.isEmpty() || merges.isEmpty())) {
            throw new TrainException("model.tokenizer.vocab_file and model.tokenizer.merge_file belong together, only "
                    + vocab.or(() -> merges).orElseThrow() + " is given");
        }
        return Optional.of(new TokenizerFiles(bytes(vocab), bytes(merges), bytes(json)));
    }

    private static Optional<Path> path(ModelSection model, String key) {
        return model.get(key)
                .map(Object::toString)
                .filter(value -> !value.isEmpty() && !value.startsWith(INSIDE))
                .map(Path::of);
    }

    private static byte[] bytes(Optional<Path> file) {
        if (file.isEmpty()) {
            return new byte[0];
        }
        try {
            return Files.readAllBytes(file.get());
        } catch (IOException e) {
            throw FilesException.reading(file.get(), e);
        }
    }

    private static void requireRows(Path path, GptConfig config, Tokenizer tokenizer) {
        if (tokenizer.size() > config.paddedVocabularySize()) {
            throw new TrainException(path + ": the token table has " + config.paddedVocabularySize()
                    + " rows, the tokenizer has " + tokenizer.size() + " tokens\n  The model is from before the "
                    + "vocabulary was expanded.\n  Run: vernacular expand --model " + path
                    + " --tokenizer DIR --output OUT.nemo");
        }
    }

    private static void requireSameShapes(Path path, GptConfig stored, GptConfig wanted) {
        ParameterLayout have = new ParameterLayout(stored);
        for (ParameterLayout.Parameter parameter : new ParameterLayout(wanted).parameters()) {
            if (!have.has(parameter.name())) {
                throw new TrainException(path + " has no " + parameter.name() + ", which the configuration asks for\n"
                        + "  Leave out the model.* keys that change the architecture.");
            }
            List<Long> shape = shape(have.get(parameter.name()));
            if (!shape.equals(shape(parameter))) {
                throw new TrainException(path + ": " + parameter.name() + " has the shape " + shape
                        + ", the configuration asks for " + shape(parameter)
                        + "\n  Leave out the model.* keys that change sizes: the model's own apply.");
            }
        }
    }

    /// Training on such weights ends at its first step, with advice about learning rates that cannot help.
    private static void requireFinite(Path path, ParameterLayout layout, MemorySegment flat) {
        ModelWeights.firstNonFinite(ModelWeights.tensors(layout, flat)).ifPresent(found -> {
            throw new TrainException(path + ": " + found
                    + ", there is nothing to train on\n  Start from another model, or from an earlier checkpoint.");
        });
    }

    private static List<Long> shape(ParameterLayout.Parameter parameter) {
        return List.of(parameter.rows(), parameter.cols());
    }
}
