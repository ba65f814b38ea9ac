package dev.vernacular.adapt;

import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.checkpoint.hf.HuggingFaceWriter;
import dev.vernacular.eval.Fertility;
import dev.vernacular.eval.Scorer;
import dev.vernacular.eval.StepZero;
import dev.vernacular.generate.Generation;
import dev.vernacular.generate.GenerationOptions;
import dev.vernacular.generate.Generator;
import dev.vernacular.kernels.Backend;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/// What a job asks of models on disk; each question opens what it needs and closes it again.
public final class Models {
    private static final int PROMPTS_AT_ONCE = 32;
    private final Supplier<Backend> backends;

    /// @param backends opens a backend; it is closed after each question
    public Models(Supplier<Backend> backends) {
        this.backends = backends;
    }

    Backend openBackend() {
        return backends.get();
    }

    /// The tokenizer that a model carries.
    ///
    /// @throws AdaptException if it has none
    public static Tokenizer tokenizer(ModelFile model) {
        return model.tokenizer()
                .map(Tokenizer::of)
                .orElseThrow(
                        () -> new AdaptException(
                                model.path()
                                        + " carries no tokenizer\n  Convert it to a .nemo file or a Hugging Face folder that has one."));
    }

    /// The base and the model right after expansion, on all languages.
    ///
    /// @param texts        held-out documents by language code
    /// @param baseLanguage the code of the base's own language
    Measurements.Before before(Path base, Path expanded, Map<String, List<String>> texts, String baseLanguage) {
        try (ModelFile earlier = ModelFile.open(base);
                ModelFile later = ModelFile.open(expanded);
                Backend backend = backends.get()) {
            Tokenizer baseTokenizer = tokenizer(earlier);
            Tokenizer merged = tokenizer(later);
            Scorer before = Scorer.open(earlier, backend);
            Scorer after = Scorer.open(later, backend);
            StepZero step0 = StepZero.of(texts.get(baseLanguage), before, baseTokenizer, after, merged, backend);
            Map<String, Measurements.Language> languages = new LinkedHashMap<>();
            texts.forEach((language, documents) -> languages.put(
                    language,
                    new Measurements.Language(
                            before.score(documents, baseTokenizer).bitsPerByte(),
                            after.score(documents, merged).bitsPerByte(),
                            Fertility.of(documents, language, baseTokenizer).tokensPerWord(),
                            Fertility.of(documents, language, merged).tokensPerWord())));
            return new Measurements.Before(languages, Measurements.StepZeroResult.of(step0));
        }
    }

    /// Bits per byte of one model by language.
    public Measurements.After measure(Path model, Map<String, List<String>> texts) {
        try (ModelFile file = ModelFile.open(model);
                Backend backend = backends.get()) {
            Tokenizer tokenizer = tokenizer(file);
            Scorer scorer = Scorer.open(file, backend);
            Map<String, Double> bits = new LinkedHashMap<>();
            texts.forEach((language, documents) ->
                    bits.put(language, scorer.score(documents, tokenizer).bitsPerByte()));
            return new Measurements.After(bits);
        }
    }

    /// Continues prompts greedily, each as the beginning of a document.
    public List<String> complete(Path model, List<String> prompts, int tokens) {
        if (prompts.isEmpty()) {
            return List.of();
        }
        try (ModelFile file = ModelFile.open(model);
                Backend backend = backends.get()) {
            Tokenizer tokenizer = tokenizer(file);
            int room =
                    file.config().usesRope() ? Integer.MAX_VALUE : file.config().maxPositions();
            List<int[]> ids = new ArrayList<>();
            for (String prompt : prompts) {
                ids.add(startOfDocument(tokenizer, prompt, room - tokens));
            }
            int capacity = Generator.capacity(file.config(), ids, tokens);
            Generator generator = Generator.open(
                    file, Dtype.F32, Optional.of(tokenizer), Math.min(PROMPTS_AT_ONCE, ids.size()), capacity, backend);
            return generator.generate(ids, GenerationOptions.greedy(tokens)).stream()
                    .map(Generation::text)
                    .toList();
        }
    }

    /// `<|endoftext|>` and the prompt's last tokens that there is room for.
    private static int[] startOfDocument(Tokenizer tokenizer, String prompt, int room) {
        int[] ids = tokenizer.encodeOrdinary(prompt);
        int kept = Math.min(ids.length, Math.max(1, room - 1));
        int[] start = new int[kept + 1];
        start[0] = tokenizer.endOfText();
        System.arraycopy(ids, ids.length - kept, start, 1, kept);
        return start;
    }

    /// Writes a model as a Hugging Face folder.
    static void exportToHuggingFace(Path model, Path folder) {
        try (ModelFile file = ModelFile.open(model)) {
            HuggingFaceWriter.write(folder, file.config(), file.tokenizer(), file.tensors(), true);
        }
    }
}
