package dev.vernacular.generate;

import dev.vernacular.config.Overrides;
import dev.vernacular.config.Section;
import dev.vernacular.config.Yaml;
import dev.vernacular.kernels.Sampling;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/// The configuration of NeMo's `megatron_gpt_eval.py`, from its `key=value` arguments.
///
/// What differs from the script: each prompt gets `tokens_to_generate` new tokens, not only the longest one;
/// texts are generated and printed once; and `repetition_penalty` is applied only when it is given, and then in
/// the usual form, to positive and negative logits (the script applies its default of 1.2 only while computing
/// log-probabilities).
public final class NemoInference {
    private static final String DEFAULTS = "megatron_gpt_inference.yaml";
    private final Section root;
    private final Section inference;
    private final boolean givesPenalty;

    private NemoInference(Map<String, Object> tree, boolean givesPenalty) {
        root = new Section("", tree);
        inference = root.section("inference");
        this.givesPenalty = givesPenalty;
    }

    /// @throws dev.vernacular.config.ConfigException if a key is unknown or a value cannot be used
    public static NemoInference parse(List<String> arguments) {
        Map<String, Object> tree = defaults();
        Overrides overrides = Overrides.parse(arguments);
        overrides.applyTo(tree);
        Section given = new Section("", overrides.values());
        return new NemoInference(tree, given.section("inference").has("repetition_penalty"));
    }

    /// The request, with NeMo's defaults where nothing was given.
    ///
    /// @param model replaces `gpt_model_file` and `checkpoint_dir`
    /// @param seed  of sampling, which NeMo's script has no key for
    /// @throws GenerateException if no model is named, or if something is asked for that this program does not
    ///                           do
    public GenerationRequest request(Optional<Path> model, long seed) {
        if (inference.flag("all_probs").orElse(false)) {
            throw new GenerateException(
                    "inference.all_probs=True is not supported: it gives a number for every row of the"
                            + " vocabulary and token\n  Use inference.compute_logprob=True, or the command score.");
        }
        return new GenerationRequest(
                model.orElseGet(this::model),
                root.text("hparams_file").map(Path::of),
                prompts(),
                inference.flag("add_BOS").orElse(true) && !scoresPrompt(),
                options(seed));
    }

    private Path model() {
        Optional<String> file = root.text("gpt_model_file");
        if (file.isPresent()) {
            return Path.of(file.get());
        }
        Optional<String> folder = root.text("checkpoint_dir");
        Optional<String> name = root.text("checkpoint_name");
        if (folder.isPresent() && name.isPresent()) {
            return Path.of(folder.get(), name.get());
        }
        throw new GenerateException("no model is named\n  Give gpt_model_file=FILE, or checkpoint_dir=DIR"
                + " checkpoint_name=NAME hparams_file=FILE.");
    }

    /// A plain text is one prompt; the script would take it apart into letters.
    private List<String> prompts() {
        Optional<Object> prompts = root.any("prompts");
        if (prompts.isPresent() && prompts.get() instanceof List<?> list) {
            return list.stream().map(String::valueOf).toList();
        }
        return root.text("prompts").map(List::of).orElse(List.of());
    }

    /// With `compute_logprob` NeMo takes one greedy token whatever else is set.
    private GenerationOptions options(long seed) {
        int tokens =
                scoresPrompt() ? 1 : inference.integer("tokens_to_generate", 0).orElse(30);
        return new GenerationOptions(
                tokens,
                Math.min(tokens, inference.integer("min_tokens_to_generate", 0).orElse(0)),
                sampling(seed),
                givesPenalty ? number("repetition_penalty", 1) : 1f,
                endStrings(),
                scoresPrompt());
    }

    private Sampling sampling(long seed) {
        boolean isGreedy = scoresPrompt() || inference.flag("greedy").orElse(false);
        int topK = inference.integer("top_k", 0).orElse(0);
        return isGreedy ? Sampling.GREEDY : new Sampling(number("temperature", 1), topK, number("top_p", 0.9), seed);
    }

    private boolean scoresPrompt() {
        return inference.flag("compute_logprob").orElse(false);
    }

    private List<String> endStrings() {
        return inference.list("end_strings").orElse(List.of()).stream()
                .map(String::valueOf)
                .toList();
    }

    private float number(String key, double fallback) {
        return inference.number(key).orElse(fallback).floatValue();
    }

    private static Map<String, Object> defaults() {
        try (InputStream in = NemoInference.class.getResourceAsStream(DEFAULTS)) {
            return Yaml.parse(Objects.requireNonNull(in, DEFAULTS).readAllBytes(), DEFAULTS);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
