package dev.vernacular.model;

import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Kernels;
import dev.vernacular.kernels.Sampling;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.Weight;
import dev.vernacular.kernels.memory.Device;
import dev.vernacular.kernels.memory.Device.Recording;
import dev.vernacular.kernels.memory.StepBlock;
import dev.vernacular.model.ParameterLayout.Parameter;
import dev.vernacular.model.ParameterLayout.ParameterSource;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// A GPT that continues a batch of token sequences of different lengths, one token a step, with a cache of keys
/// and values. All its memory is one block; a step allocates nothing.
///
/// ```
/// decoder.prefill(prompts);                  // all tokens but the last of each
/// decoder.step(lastTokens, active);          // logits of each sequence's next token
/// int[] next = decoder.choose(columns, Sampling.GREEDY, draw);
/// decoder.step(next, active); ...
/// ```
///
/// A sequence's results do not depend on what else is in the batch, but for the order in which a backend's
/// matrix product may sum for another number of rows.
public final class Decoder {
    /// Tokens of each prompt that go through the model at once.
    private static final int PROMPT_BLOCK = 64;

    private static final Precision PRECISION = Precision.FP32;
    private static final double[] NO_SCALE = {};
    private static final int[] NO_STARTS = {};
    private final GptConfig config;
    private final Kernels kernels;
    private final Device device;
    private final Dtype weightDtype;
    private final int batch;
    private final int capacity;
    private final int promptBlock;
    private final ParameterLayout layout;
    private final Space block;
    private final Places places;
    private final GptModel oneToken;
    private final Recording oneStep;
    private final MemorySegment batchHost;
    private final MemorySegment lengthsHost;
    private final MemorySegment idsHost;
    private final MemorySegment logprobsHost;
    private final MemorySegment impossible;
    private final MemorySegment historyHost;
    private final int[] lengths;
    private final int[] noLabels;

    /// @param capacity    longest sequence in tokens, the last new one not counted: nothing follows it
    /// @param weightDtype of the matrices: float32, bfloat16, float16 or int8 with a scale a row; activations
    ///                    are float32
    /// @throws ModelException if the model has fewer positions than `capacity`
    public Decoder(GptConfig config, Dtype weightDtype, int batch, int capacity, Kernels kernels, Device device) {
        requireFits(config, capacity);
        this.config = config;
        this.kernels = kernels;
        this.device = device;
        this.weightDtype = weightDtype;
        this.batch = batch;
        this.capacity = capacity;
        promptBlock = Math.min(PROMPT_BLOCK, capacity);
        layout = new ParameterLayout(config);
        lengths = new int[batch];
        noLabels = new int[batch];
        Arrays.fill(noLabels, -1);
        Space.Planned planned = new Space.Planned();
        lay(planned);
        block = planned.in(planned.plan().allocate(device));
        places = lay(block);
        batchHost = device.hostMemory(places.batch().bytes());
        lengthsHost = device.hostMemory((long) batch * Integer.BYTES);
        idsHost = device.hostMemory((long) batch * Integer.BYTES);
        logprobsHost = device.hostMemory((long) batch * Float.BYTES);
        impossible = device.hostMemory(Float.BYTES);
        impossible.set(ValueLayout.JAVA_FLOAT, 0, Float.NEGATIVE_INFINITY);
        historyHost = device.hostMemory(places.history().bytes());
        StepBlock step = new StepBlock(places.step(), device, device.hostMemory(StepBlock.BYTES));
        step.upload(0, 0, 0f, 1f, 0);
        RopeTable.upload(config, places.rope(), device);
        oneToken = model(1);
        oneStep = device.record(() -> {
            oneToken.encode();
            oneToken.logits(places.logits(), 0);
        });
        kernels.bind(places.workspace(), places.step());
    }

    /// @throws ModelException if a sequence of `length` tokens has no position for each
    public static void requireFits(GptConfig config, long length) {
        if (!config.usesRope() && length > config.maxPositions()) {
            throw new ModelException("a sequence of " + length + " tokens, but the model has " + config.maxPositions()
                    + " positions\n  Shorten the prompt or ask for fewer tokens.");
        }
    }

    /// @param parameters the masters of vectors, tables and of matrices without a copy; by name
    /// @param copies     compute copies by name
    /// @param logits     [B, Vp] float32
    /// @param ids        [B] int32, chosen tokens
    /// @param logprobs   [B] float32, theirs
    /// @param history    [B, capacity + 1] int32, tokens so far
    /// @param staging    room for the master of the largest matrix with a copy
    private record Places(
            Map<String, Tensor> parameters,
            Map<String, Tensor> copies,
            KeyValueCache cache,
            Tensor workspace,
            Tensor step,
            Tensor batch,
            Tensor rope,
            Tensor logits,
            Tensor ids,
            Tensor logprobs,
            Tensor history,
            Tensor staging) {}

    private Places lay(Space in) {
        Map<String, Tensor> parameters = new LinkedHashMap<>();
        Map<String, Tensor> copies = new LinkedHashMap<>();
        long staged = 0;
        for (Parameter parameter : layout.parameters()) {
            String name = parameter.name();
            long bytes = ModelPlan.copyBytes(parameter, weightDtype, false, kernels);
            if (bytes > 0) {
                copies.put(name, in.take("parameters", name, Dtype.I8, bytes));
                staged = Math.max(staged, parameter.elements());
            } else {
                parameters.put(name, in.take("parameters", name, Dtype.F32, parameter.shape()));
            }
        }
        // Sequences that are done get padding appended after their end, never read, while others go on.
        long slots = capacity + (long) promptBlock;
        long rows = (long) batch * promptBlock;
        Kernels.Sizes sizes = ModelPlan.sizes(config, rows, slots, PRECISION.activation(), false);
        Activations.in(in, config, PRECISION, batch, promptBlock, false);
        return new Places(
                parameters,
                copies,
                KeyValueCache.in(in, config, PRECISION.activation(), batch, slots),
                in.take("workspace", "workspace", Dtype.I8, kernels.scratchBytes(sizes)),
                in.take(BatchBuffers.KIND, "step", Dtype.I8, StepBlock.BYTES),
                in.take(BatchBuffers.KIND, "batch", Dtype.I32, BatchBuffers.elements(rows)),
                RopeTable.in(in, config, PRECISION.parameter(), slots),
                in.take(Activations.KIND, "logits", Dtype.F32, batch, config.paddedVocabularySize()),
                in.take(BatchBuffers.KIND, "ids", Dtype.I32, batch),
                in.take(BatchBuffers.KIND, "logprobs", Dtype.F32, batch),
                in.take(BatchBuffers.KIND, "history", Dtype.I32, batch, capacity + 1L),
                in.take("staging", "staging", Dtype.F32, staged));
    }

    private GptModel model(int tokens) {
        ParameterViews weights = new ParameterViews(
                config,
                layout,
                parameter -> places.parameters().getOrDefault(parameter.name(), Tensor.NONE),
                places.copies(),
                weightDtype);
        BatchBuffers inputs = new BatchBuffers(batch, tokens, Dtype.F32, places.batch(), device, batchHost);
        Activations activations = Activations.in(block, config, PRECISION, batch, tokens, false);
        return new GptModel(
                config, kernels, weights, weights, activations, inputs, places.rope(), Optional.of(places.cache()));
    }

    /// Fills the weights.
    public void load(ParameterSource source) {
        for (Parameter parameter : layout.parameters()) {
            Tensor copy = places.copies().getOrDefault(parameter.name(), Tensor.NONE);
            if (copy.isNone()) {
                read(source, parameter, places.parameters().get(parameter.name()));
            } else {
                Tensor master = Space.prefix(places.staging(), parameter.shape());
                read(source, parameter, master);
                Weight weight = new Weight(Tensor.NONE, copy, weightDtype, parameter.rows(), parameter.cols());
                kernels.computeCopyRefresh(weight, master);
            }
        }
    }

    private void read(ParameterSource source, Parameter parameter, Tensor to) {
        if (device.isHostMemory()) {
            source.read(parameter, to.segment());
        } else {
            try (Arena arena = Arena.ofShared()) {
                MemorySegment host = arena.allocate(to.bytes(), Float.BYTES);
                source.read(parameter, host);
                device.upload(to, host);
                device.synchronize();
            }
        }
    }

    /// Starts new sequences: takes in all tokens but the last of each, which is the first step's.
    ///
    /// @param prompts one for each of the batch, none empty
    public void prefill(int[][] prompts) {
        prefill(prompts, (model, first) -> model.encode());
    }

    /// The same, with the log-probability of each token but the first given those before it, over all rows of
    /// the vocabulary, padding included.
    ///
    /// @return one less than its tokens for each prompt
    public float[][] prefillScored(int[][] prompts) {
        float[][] logprobs = new float[batch][];
        Arrays.setAll(logprobs, row -> new float[prompts[row].length - 1]);
        prefill(prompts, (model, first) -> {
            model.evaluate();
            int tokens = model.batch().sequenceLength();
            float[] losses = floats(model.losses());
            for (int row = 0; row < batch; row++) {
                int count = Math.clamp(logprobs[row].length - first, 0, tokens);
                for (int i = 0; i < count; i++) {
                    logprobs[row][first + i] = -losses[row * tokens + i];
                }
            }
        });
        return logprobs;
    }

    /// Runs the model over tokens `first ..` of all prompts.
    private interface BlockRun {
        void run(GptModel model, int first);
    }

    private void prefill(int[][] prompts, BlockRun block) {
        requireBatch("prompts", prompts.length);
        int longest = 0;
        for (int[] prompt : prompts) {
            if (prompt.length == 0 || prompt.length > capacity) {
                throw new IllegalArgumentException("a prompt of " + prompt.length + " tokens for 1 .. " + capacity);
            }
            longest = Math.max(longest, prompt.length - 1);
        }
        Arrays.fill(lengths, 0);
        for (int first = 0; first < longest; first += promptBlock) {
            GptModel model = model(Math.min(promptBlock, longest - first));
            loadBlock(model.batch(), prompts, first);
            block.run(model, first);
            for (int row = 0; row < batch; row++) {
                lengths[row] = Math.min(first + model.batch().sequenceLength(), prompts[row].length - 1);
            }
        }
    }

    /// Tokens `first ..` of each prompt, labelled with those after them; a prompt that ends before gets
    /// padding, which the cache holds after its end until real tokens take the place.
    private void loadBlock(BatchBuffers inputs, int[][] prompts, int first) {
        int tokens = inputs.sequenceLength();
        int[] ids = new int[inputs.rows()];
        int[] positions = new int[inputs.rows()];
        int[] labels = new int[inputs.rows()];
        for (int i = 0; i < inputs.rows(); i++) {
            int[] prompt = prompts[i / tokens];
            int at = first + i % tokens;
            boolean isReal = at < prompt.length - 1;
            ids[i] = isReal ? prompt[at] : 0;
            positions[i] = isReal ? at : 0;
            labels[i] = isReal ? prompt[at + 1] : -1;
        }
        inputs.load(ids, positions, labels, NO_SCALE, NO_STARTS);
        upload(places.cache().lengths(), lengths, lengthsHost);
    }

    /// Appends one token to each sequence and computes the logits of the next.
    ///
    /// @param tokens   [B]
    /// @param isActive [B], false for sequences that are done: they do not grow
    public void step(int[] tokens, boolean[] isActive) {
        requireBatch("tokens", tokens.length);
        oneToken.batch().load(tokens, lengths, noLabels, NO_SCALE, NO_STARTS);
        upload(places.cache().lengths(), lengths, lengthsHost);
        oneStep.replay();
        for (int row = 0; row < batch; row++) {
            if (isActive[row] && ++lengths[row] > capacity) {
                throw new IllegalArgumentException("a sequence of " + lengths[row] + " tokens for at most " + capacity);
            }
        }
    }

    /// The last step's logits, [B, Vp].
    public float[][] logits() {
        float[] all = floats(places.logits());
        int columns = config.paddedVocabularySize();
        float[][] rows = new float[batch][];
        Arrays.setAll(rows, row -> Arrays.copyOfRange(all, row * columns, (row + 1) * columns));
        return rows;
    }

    /// Gives a token no probability in one sequence's next choice.
    public void forbid(int row, int id) {
        Tensor logit = places.logits()
                .slice(row, 1)
                .reshape(config.paddedVocabularySize())
                .slice(id, 1);
        device.upload(logit, impossible);
    }

    /// Makes the tokens that a sequence has less probable (Keskar et al. 2019).
    ///
    /// @param sequences [B] tokens so far
    /// @param counts    [B] how many of each array
    /// @param penalty   over 1 makes repetition rarer
    public void penalizeRepetition(int[][] sequences, int[] counts, float penalty) {
        requireBatch("sequences", sequences.length);
        long rowInts = places.history().size(1);
        for (int row = 0; row < batch; row++) {
            long at = row * rowInts * Integer.BYTES;
            MemorySegment.copy(sequences[row], 0, historyHost, ValueLayout.JAVA_INT, at, counts[row]);
        }
        device.upload(places.history(), historyHost);
        upload(places.ids(), counts, idsHost);
        kernels.penalizeRepetition(places.logits(), places.history(), places.ids(), penalty);
    }

    /// The next token of each sequence, from the logits, which are then no more.
    ///
    /// @param columns ids below it may be chosen: the tokenizer's size
    /// @param draw    number of the token, part of the generator's counter
    public int[] choose(long columns, Sampling sampling, long draw) {
        kernels.sample(places.ids(), places.logprobs(), places.logits(), columns, sampling, draw);
        device.download(idsHost, places.ids());
        return idsHost.toArray(ValueLayout.JAVA_INT);
    }

    /// [B], of the last choice: log softmax over the columns it chose among, before temperature, k and p.
    public float[] logprobs() {
        device.download(logprobsHost, places.logprobs());
        return logprobsHost.toArray(ValueLayout.JAVA_FLOAT);
    }

    private void upload(Tensor to, int[] values, MemorySegment host) {
        MemorySegment.copy(values, 0, host, ValueLayout.JAVA_INT, 0, batch);
        device.upload(to, host);
    }

    private float[] floats(Tensor from) {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment host = arena.allocate(from.bytes(), Float.BYTES);
            device.download(host, from);
            return host.toArray(ValueLayout.JAVA_FLOAT);
        }
    }

    private void requireBatch(String what, int count) {
        if (count != batch) {
            throw new IllegalArgumentException(count + " " + what + " for a batch of " + batch);
        }
    }
}
