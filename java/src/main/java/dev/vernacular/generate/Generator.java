package dev.vernacular.generate;

import dev.vernacular.checkpoint.ConvertedTensor;
import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.checkpoint.StoredTensor;
import dev.vernacular.kernels.Backend;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.model.Decoder;
import dev.vernacular.model.GptConfig;
import dev.vernacular.model.ParameterLayout.ParameterSource;
import dev.vernacular.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/// Continues prompts with a GPT, a batch at a time.
///
/// Each text gets as many tokens as were asked for and, chosen greedily, the same ones as alone, however long
/// the other prompts of its batch are. (NeMo counts from the longest prompt, so that shorter ones get more.)
/// Sampled texts depend on the seed and on the prompt's place in the list.
public final class Generator {
    /// Sees text as it grows: never a part of a character.
    @FunctionalInterface
    public interface Listener {
        /// @param prompt its place in the list
        void text(int prompt, String piece);
    }

    private final GptConfig config;
    private final Optional<Tokenizer> tokenizer;
    private final Decoder decoder;
    private final int batch;
    private final int capacity;
    private final int columns;

    /// Plans the memory and loads the weights.
    ///
    /// @param weights   float32, bfloat16, float16, or int8 with a scale a row
    /// @param tokenizer limits the choice to its ids; without one, any row may be chosen and there is no text
    /// @param batch     prompts at a time
    /// @param capacity  longest prompt with its new tokens, the last one not counted
    /// @throws dev.vernacular.model.ModelException if the model's positions do not reach so far
    public Generator(
            GptConfig config,
            ParameterSource source,
            Dtype weights,
            Optional<Tokenizer> tokenizer,
            int batch,
            int capacity,
            Backend backend) {
        this.config = config;
        this.tokenizer = tokenizer;
        this.batch = batch;
        this.capacity = capacity;
        decoder = new Decoder(config, weights, batch, capacity, backend.kernels(), backend.device());
        decoder.load(source);
        int rows = config.paddedVocabularySize();
        columns = tokenizer.map(t -> Math.min(t.size(), rows)).orElse(rows);
    }

    /// A generator of a stored model.
    public static Generator open(
            ModelFile model, Dtype weights, Optional<Tokenizer> tokenizer, int batch, int capacity, Backend backend) {
        Map<String, StoredTensor> stored =
                model.tensors().stream().collect(Collectors.toMap(StoredTensor::name, Function.identity()));
        ParameterSource source = (parameter, values) ->
                ConvertedTensor.of(stored.get(parameter.name()), Dtype.F32).read(values);
        return new Generator(model.config(), source, weights, tokenizer, batch, capacity, backend);
    }

    /// The capacity that prompts and new tokens need.
    ///
    /// @throws GenerateException if a prompt is empty or goes, with its new tokens, beyond the model's
    ///                           positions
    public static int capacity(GptConfig config, List<int[]> prompts, int tokens) {
        int capacity = 1;
        for (int i = 0; i < prompts.size(); i++) {
            int length = prompts.get(i).length;
            if (length == 0) {
                throw new GenerateException("prompt " + (i + 1) + " has no tokens\n  Give it some text.");
            }
            // The last new token is not read again, so it needs no position.
            long needed = length + (long) Math.max(0, tokens - 1);
            if (!config.usesRope() && needed > config.maxPositions() || needed > Integer.MAX_VALUE) {
                throw tooLong(i, length, tokens, config.maxPositions());
            }
            capacity = Math.max(capacity, (int) needed);
        }
        return capacity;
    }

    private static GenerateException tooLong(int prompt, int length, int tokens, int positions) {
        int room = positions + 1 - length;
        return new GenerateException("prompt " + (prompt + 1) + " has " + length
                + (length == 1 ? " token; with " : " tokens; with ") + tokens
                + " new ones it goes beyond the model's " + positions + " positions\n  "
                + (room > 0
                        ? "Ask for at most " + room + " tokens, or shorten the prompt."
                        : "Shorten the prompt: it alone fills them."));
    }

    /// Continues the prompts, in their order.
    ///
    /// @throws GenerateException before anything runs if a prompt is empty, has an id that the model lacks, or
    ///                           is too long
    public List<Generation> generate(List<int[]> prompts, GenerationOptions options, Listener listener) {
        check(prompts, options);
        List<Generation> results = new ArrayList<>();
        for (int first = 0; first < prompts.size(); first += batch) {
            List<int[]> some = prompts.subList(first, Math.min(prompts.size(), first + batch));
            results.addAll(generateBatch(some, first, options, listener));
        }
        return results;
    }

    /// [#generate] for who waits for the end.
    public List<Generation> generate(List<int[]> prompts, GenerationOptions options) {
        return generate(prompts, options, (prompt, piece) -> {});
    }

    private void check(List<int[]> prompts, GenerationOptions options) {
        int needed = capacity(config, prompts, options.tokens());
        if (needed > capacity) {
            throw new GenerateException("the longest prompt and " + options.tokens() + " new tokens are " + needed
                    + " tokens, memory was planned for " + capacity);
        }
        for (int i = 0; i < prompts.size(); i++) {
            for (int id : prompts.get(i)) {
                if (id < 0 || id >= config.paddedVocabularySize()) {
                    throw new GenerateException("prompt " + (i + 1) + " has the id " + id + ", the model has ids 0 .. "
                            + (config.paddedVocabularySize() - 1));
                }
            }
        }
    }

    private List<Generation> generateBatch(
            List<int[]> prompts, int first, GenerationOptions options, Listener listener) {
        Continuation[] rows = new Continuation[batch];
        int[][] padded = new int[batch][];
        for (int row = 0; row < batch; row++) {
            boolean isUsed = row < prompts.size();
            padded[row] = isUsed ? prompts.get(row) : new int[1];
            rows[row] = new Continuation(padded[row], isUsed ? options : GenerationOptions.greedy(0), tokenizer);
        }
        float[][] promptLogprobs = new float[batch][0];
        if (options.scoresPrompt()) {
            promptLogprobs = decoder.prefillScored(padded);
        } else {
            decoder.prefill(padded);
        }
        for (int t = 0; t < options.tokens() && anyActive(rows); t++) {
            step(rows, options, (long) first * options.tokens() + t, first, listener);
        }
        List<Generation> results = new ArrayList<>();
        for (int row = 0; row < prompts.size(); row++) {
            results.add(rows[row].finished(promptLogprobs[row]));
        }
        return results;
    }

    private void step(Continuation[] rows, GenerationOptions options, long draw, int first, Listener listener) {
        int[] last = new int[batch];
        boolean[] isActive = new boolean[batch];
        for (int row = 0; row < batch; row++) {
            last[row] = rows[row].lastToken();
            isActive[row] = rows[row].isActive();
        }
        decoder.step(last, isActive);
        restrict(rows, options);
        int[] next = decoder.choose(columns, options.sampling(), draw);
        float[] logprobs = decoder.logprobs();
        for (int row = 0; row < batch; row++) {
            if (isActive[row]) {
                requireFinite(logprobs[row], first + row);
                String piece = rows[row].add(next[row], logprobs[row]);
                if (!piece.isEmpty()) {
                    listener.text(first + row, piece);
                }
            }
        }
    }

    private static void requireFinite(float logprob, int prompt) {
        if (!Float.isFinite(logprob)) {
            throw GenerateException.failure("prompt " + (prompt + 1) + ": the model gives its next token the"
                    + " log-probability " + logprob + ", so its weights or its computations are not finite"
                    + "\n  `vernacular score` with the same model names the weight; take an earlier checkpoint.");
        }
    }

    private void restrict(Continuation[] rows, GenerationOptions options) {
        int endOfText = tokenizer.map(Tokenizer::endOfText).orElse(-1);
        for (int row = 0; row < batch; row++) {
            if (endOfText >= 0 && rows[row].generated() < options.minTokens()) {
                decoder.forbid(row, endOfText);
            }
        }
        if (options.penalizes()) {
            int[][] tokens = Arrays.stream(rows).map(Continuation::tokens).toArray(int[][]::new);
            int[] counts = Arrays.stream(rows).mapToInt(Continuation::count).toArray();
            decoder.penalizeRepetition(tokens, counts, options.repetitionPenalty());
        }
    }

    private static boolean anyActive(Continuation[] rows) {
        return Arrays.stream(rows).anyMatch(Continuation::isActive);
    }
}
