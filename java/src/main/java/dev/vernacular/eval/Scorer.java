package dev.vernacular.eval;

import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.checkpoint.ModelWeights;
import dev.vernacular.files.Document;
import dev.vernacular.files.DocumentReader;
import dev.vernacular.files.Utf8;
import dev.vernacular.kernels.Backend;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.model.GptConfig;
import dev.vernacular.model.GptModel;
import dev.vernacular.model.ModelMemory;
import dev.vernacular.model.ModelPlan;
import dev.vernacular.model.ParameterLayout;
import dev.vernacular.model.Precision;
import dev.vernacular.tokenizer.Tokenizer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// Teacher-forced log-probabilities of texts and token sequences, in windows of the context length with a
/// stride of half; softmax over all rows of the vocabulary, padding included, as NeMo computes it. In float32.
public final class Scorer {
    /// Tokens that go through the model at once: enough for full speed, little enough for a laptop.
    private static final int TOKENS_AT_ONCE = 4096;

    /// Tokens of documents that are held in memory together.
    private static final int TOKENS_HELD = 1 << 20;

    private final GptConfig config;
    private final Backend backend;
    private final ModelMemory memory;

    /// Plans the memory for forward passes and loads the parameters.
    ///
    /// @param fill writes the flat buffer of parameters, as [ModelMemory#load] wants it
    public Scorer(GptConfig config, Consumer<MemorySegment> fill, Backend backend) {
        this.config = config;
        this.backend = backend;
        memory = plan(config, backend).allocate(backend.device(), backend.kernels());
        memory.load(fill);
    }

    /// The memory that a scorer takes.
    static ModelPlan plan(GptConfig config, Backend backend) {
        int context = config.maxPositions();
        int batch = Math.max(1, TOKENS_AT_ONCE / context);
        return ModelPlan.evaluation(config, Precision.FP32, batch, context, backend.kernels());
    }

    /// A scorer of a stored model.
    public static Scorer open(ModelFile model, Backend backend) {
        ParameterLayout layout = new ParameterLayout(model.config());
        return new Scorer(model.config(), flat -> ModelWeights.load(model, layout, flat), backend);
    }

    public GptConfig config() {
        return config;
    }

    /// Log-probabilities of the tokens of each sequence but its first.
    ///
    /// @return for each sequence, one less than its tokens, nats
    /// @throws EvalException if an id is not in the model
    public List<float[]> logprobs(List<int[]> sequences) {
        List<float[]> logprobs = new ArrayList<>();
        for (int i = 0; i < sequences.size(); i++) {
            requireIds(sequences.get(i), i);
            logprobs.add(new float[Math.max(0, sequences.get(i).length - 1)]);
        }
        forEachBatch(sequences, packed -> {
            GptModel model = packed.load(memory);
            model.evaluate();
            float[] losses = losses(model);
            packed.forEachTarget((cell, window, target) -> logprobs.get(window.sequence())[target - 1] = -losses[cell]);
        });
        return logprobs;
    }

    /// The score of documents, each of which starts with `<|endoftext|>` and is as long as its text's UTF-8
    /// bytes.
    ///
    /// @throws EvalException if the tokenizer is not the model's
    public Score score(DocumentReader documents, Tokenizer tokenizer) {
        requireTokenizer(tokenizer);
        Score score = Score.NOTHING;
        List<int[]> held = new ArrayList<>();
        long tokens = 0;
        for (Optional<Document> next = documents.next(); next.isPresent(); next = documents.next()) {
            int[] sequence = sequence(next.get().text(), tokenizer);
            held.add(sequence);
            tokens += sequence.length;
            score = score.plus(new Score(0, Utf8.bytes(next.get().text()).length, 0));
            if (tokens >= TOKENS_HELD) {
                score = score.plus(Score.of(logprobs(held), 0));
                held.clear();
                tokens = 0;
            }
        }
        return score.plus(Score.of(logprobs(held), 0));
    }

    /// The score of texts already read.
    public Score score(List<String> texts, Tokenizer tokenizer) {
        requireTokenizer(tokenizer);
        long bytes = texts.stream().mapToLong(text -> Utf8.bytes(text).length).sum();
        List<int[]> sequences =
                texts.stream().map(text -> sequence(text, tokenizer)).toList();
        return Score.of(logprobs(sequences), bytes);
    }

    /// `<|endoftext|>` and the text's ids, whatever the text says.
    static int[] sequence(String text, Tokenizer tokenizer) {
        int[] ids = tokenizer.encodeOrdinary(text);
        int[] sequence = new int[ids.length + 1];
        sequence[0] = tokenizer.endOfText();
        System.arraycopy(ids, 0, sequence, 1, ids.length);
        return sequence;
    }

    void requireTokenizer(Tokenizer tokenizer) {
        if (tokenizer.endOfText() < 0) {
            throw new EvalException("the tokenizer has no <|endoftext|>, with which a document starts");
        }
        if (tokenizer.size() > config.paddedVocabularySize()) {
            throw new EvalException("the tokenizer has " + tokenizer.size() + " tokens, the model "
                    + config.paddedVocabularySize() + " rows\n  Give the model's own tokenizer, or expand the model.");
        }
    }

    ModelMemory memory() {
        return memory;
    }

    /// Calls `action` with all windows of the sequences, packed into as few batches as can be.
    void forEachBatch(List<int[]> sequences, Consumer<PackedWindows> action) {
        memory.bind();
        PackedWindows packed = newBatch();
        for (int i = 0; i < sequences.size(); i++) {
            for (Window window : Window.over(i, sequences.get(i), config.maxPositions())) {
                if (!packed.add(window)) {
                    action.accept(packed);
                    packed = newBatch();
                    packed.add(window);
                }
            }
        }
        if (!packed.isEmpty()) {
            action.accept(packed);
        }
    }

    private PackedWindows newBatch() {
        return new PackedWindows(Math.toIntExact(memory.plan().batch()), config.maxPositions());
    }

    private float[] losses(GptModel model) {
        Tensor losses = model.losses();
        try (Arena arena = Arena.ofShared()) {
            MemorySegment host = arena.allocate(losses.bytes(), Float.BYTES);
            backend.device().download(host, losses);
            return host.toArray(ValueLayout.JAVA_FLOAT);
        }
    }

    private void requireIds(int[] sequence, int number) {
        for (int id : sequence) {
            if (id < 0 || id >= config.paddedVocabularySize()) {
                throw new EvalException("sequence " + (number + 1) + " has the id " + id + ", the model has ids 0 .. "
                        + (config.paddedVocabularySize() - 1));
            }
        }
    }
}
