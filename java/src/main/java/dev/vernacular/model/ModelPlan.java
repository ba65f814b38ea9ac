package dev.vernacular.model;

import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Kernels;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.memory.Device;
import dev.vernacular.kernels.memory.StepBlock;
import dev.vernacular.model.ParameterLayout.Parameter;
import java.util.LinkedHashMap;
import java.util.Map;

/// What a model will keep on a device, counted before anything is allocated: what `--dry-run` prints is what a
/// run uses.
public final class ModelPlan {
    private final GptConfig config;
    private final Precision precision;
    private final long batch;
    private final long sequenceLength;
    private final boolean isTraining;
    private final ParameterLayout layout;
    private final Space.Planned space = new Space.Planned();

    private ModelPlan(GptConfig config, Precision precision, long batch, long sequenceLength, boolean isTraining) {
        this.config = config;
        this.precision = precision;
        this.batch = batch;
        this.sequenceLength = sequenceLength;
        this.isTraining = isTraining;
        layout = new ParameterLayout(config);
    }

    /// For training: B sequences of T tokens a micro-batch.
    ///
    /// @throws ModelException if a sequence is longer than the position table
    public static ModelPlan training(
            GptConfig config, Precision precision, long batch, long sequenceLength, Kernels kernels) {
        return plan(config, precision, batch, sequenceLength, true, kernels);
    }

    /// For losses and logits alone.
    ///
    /// @throws ModelException if a sequence is longer than the position table
    public static ModelPlan evaluation(
            GptConfig config, Precision precision, long batch, long sequenceLength, Kernels kernels) {
        return plan(config, precision, batch, sequenceLength, false, kernels);
    }

    private static ModelPlan plan(
            GptConfig config,
            Precision precision,
            long batch,
            long sequenceLength,
            boolean isTraining,
            Kernels kernels) {
        if (batch <= 0 || sequenceLength <= 0) {
            throw new ModelException(
                    "a micro-batch of " + batch + " sequences of " + sequenceLength + " tokens; both must be positive");
        }
        if (!config.usesRope() && sequenceLength > config.maxPositions()) {
            throw new ModelException("sequences of " + sequenceLength + " tokens, but the model has "
                    + config.maxPositions()
                    + " positions\n  Set model.data.seq_length and model.encoder_seq_length to at most "
                    + config.maxPositions() + ".");
        }
        ModelPlan plan = new ModelPlan(config, precision, batch, sequenceLength, isTraining);
        plan.lay(plan.space, kernels);
        plan.activations(plan.space, batch, sequenceLength);
        return plan;
    }

    public GptConfig config() {
        return config;
    }

    public Precision precision() {
        return precision;
    }

    /// B, sequences of a micro-batch.
    public long batch() {
        return batch;
    }

    /// T.
    public long sequenceLength() {
        return sequenceLength;
    }

    /// With gradients, two moments and all layers' activations; else forward alone.
    public boolean isTraining() {
        return isTraining;
    }

    /// Of the flat buffers.
    public ParameterLayout layout() {
        return layout;
    }

    /// Size of the block.
    public long bytes() {
        return space.plan().bytes();
    }

    /// Bytes of parameters, gradients, moments, copies, activations, workspace and batch.
    public Map<String, Long> bytesByKind() {
        return space.plan().bytesByKind();
    }

    /// The memory itself, zero; parameters are to be loaded.
    ///
    /// @param kernels the same as the plan's
    public ModelMemory allocate(Device device, Kernels kernels) {
        Space block = space.in(space.plan().allocate(device));
        return new ModelMemory(this, kernels, device, block, lay(block, kernels));
    }

    /// All but the activations, which depend on the micro-batch's shape.
    ///
    /// @param masters flat, as `gradients`, `firstMoments` and `secondMoments`, [Tensor#NONE] without training
    /// @param copies  compute copies by parameter name, of the matrices for which the backend wants one
    /// @param batch   int32, see [BatchBuffers]
    /// @param rope    [2, P, dims / 2] float32, or [Tensor#NONE]
    record Places(
            Tensor masters,
            Tensor gradients,
            Tensor firstMoments,
            Tensor secondMoments,
            Map<String, Tensor> copies,
            Tensor workspace,
            Tensor step,
            Tensor batch,
            Tensor rope) {}

    private Places lay(Space in, Kernels kernels) {
        Dtype dtype = precision.parameter();
        long rows = Math.multiplyExact(batch, sequenceLength);
        Tensor masters = in.take("parameters", "masters", dtype, layout.elements());
        Map<String, Tensor> copies = new LinkedHashMap<>();
        for (Parameter parameter : layout.parameters()) {
            long bytes = copyBytes(parameter, precision.activation(), isTraining, kernels);
            if (bytes > 0) {
                copies.put(parameter.name(), in.take("compute copies", parameter.name(), Dtype.I8, bytes));
            }
        }
        return new Places(
                masters,
                flat(in, "gradients", "gradients"),
                flat(in, "moments", "first_moments"),
                flat(in, "moments", "second_moments"),
                copies,
                in.take("workspace", "workspace", Dtype.I8, kernels.scratchBytes(sizes(rows))),
                in.take(BatchBuffers.KIND, "step", Dtype.I8, StepBlock.BYTES),
                in.take(BatchBuffers.KIND, "batch", Dtype.I32, BatchBuffers.elements(rows)),
                RopeTable.in(in, config, dtype, sequenceLength));
    }

    Activations activations(Space in, long someBatch, long someLength) {
        return Activations.in(in, config, precision, someBatch, someLength, isTraining);
    }

    private Tensor flat(Space in, String kind, String name) {
        return isTraining ? in.take(kind, name, precision.parameter(), layout.elements()) : Tensor.NONE;
    }

    /// Bytes of the parameter's compute copy, 0 where products read the master or the parameter is no factor of
    /// one.
    static long copyBytes(Parameter parameter, Dtype dtype, boolean isTraining, Kernels kernels) {
        boolean isFactor = !parameter.isVector() && !parameter.name().equals(ParameterLayout.POSITION_EMBEDDINGS);
        return isFactor ? kernels.computeCopyBytes(parameter.rows(), parameter.cols(), dtype, isTraining) : 0;
    }

    private Kernels.Sizes sizes(long rows) {
        return sizes(config, rows, sequenceLength, precision.activation(), isTraining);
    }

    static Kernels.Sizes sizes(GptConfig config, long rows, long sequenceLength, Dtype dtype, boolean isTraining) {
        return new Kernels.Sizes(
                rows,
                sequenceLength,
                config.hiddenSize(),
                config.heads(),
                config.headSize(),
                config.ffnHiddenSize(),
                config.paddedVocabularySize(),
                dtype,
                isTraining);
    }
}
