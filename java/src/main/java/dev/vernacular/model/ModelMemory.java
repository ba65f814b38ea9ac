package dev.vernacular.model;

import dev.vernacular.kernels.AdamW;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Kernels;
import dev.vernacular.kernels.ParameterSegments;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.Weight;
import dev.vernacular.kernels.memory.Device;
import dev.vernacular.kernels.memory.StepBlock;
import dev.vernacular.model.ParameterLayout.Parameter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/// All that a model keeps on a device, in one block laid out by a [ModelPlan]. The device owns the block.
///
/// Two models may share one [Kernels]: [#bind] before the calls of each.
public final class ModelMemory {
    private final ModelPlan plan;
    private final Kernels kernels;
    private final Device device;
    private final Space block;
    private final ModelPlan.Places places;
    private final StepBlock step;
    private final MemorySegment batchHost;
    private final GptModel model;

    ModelMemory(ModelPlan plan, Kernels kernels, Device device, Space block, ModelPlan.Places places) {
        this.plan = plan;
        this.kernels = kernels;
        this.device = device;
        this.block = block;
        this.places = places;
        step = new StepBlock(places.step(), device, device.hostMemory(StepBlock.BYTES));
        step.upload(0, 0, 0f, 1f, 0);
        batchHost = device.hostMemory(places.batch().bytes());
        model = model(plan.batch(), plan.sequenceLength());
        RopeTable.upload(plan.config(), places.rope(), device);
        bind();
    }

    /// How the optimizer treats a parameter.
    ///
    /// @param learningRateScale factor on the step's learning rate
    /// @param isFrozen          neither updated nor counted in the gradient's norm
    public record Treatment(float weightDecay, float learningRateScale, boolean isFrozen) {}

    public GptConfig config() {
        return plan.config();
    }

    public ModelPlan plan() {
        return plan;
    }

    public ParameterLayout layout() {
        return plan.layout();
    }

    /// Flat, [layout.elements()] float32 (float64 in FP64), as the next three.
    public Tensor masters() {
        return places.masters();
    }

    /// [Tensor#NONE] without training, as the moments.
    public Tensor gradients() {
        return places.gradients();
    }

    public Tensor firstMoments() {
        return places.firstMoments();
    }

    public Tensor secondMoments() {
        return places.secondMoments();
    }

    /// The part of a flat buffer that belongs to a parameter, in its shape.
    ///
    /// @throws ModelException if the model has no parameter of that name
    public Tensor view(Tensor flat, String parameter) {
        return ParameterViews.view(flat, layout().get(parameter));
    }

    public StepBlock step() {
        return step;
    }

    /// The model over the planned micro-batch.
    public GptModel model() {
        return model;
    }

    /// The model over a smaller micro-batch in the same memory: of B T at most what was planned, and T too.
    public GptModel model(long batch, long sequenceLength) {
        if (batch * sequenceLength > plan.batch() * plan.sequenceLength() || sequenceLength > plan.sequenceLength()) {
            throw new IllegalArgumentException("a micro-batch of " + batch + " x " + sequenceLength
                    + " tokens in memory for " + plan.batch() + " x " + plan.sequenceLength());
        }
        ParameterViews weights = new ParameterViews(
                config(),
                layout(),
                places.masters(),
                places.copies(),
                plan.precision().activation());
        ParameterViews gradients =
                plan.isTraining() ? new ParameterViews(config(), layout(), places.gradients()) : weights;
        BatchBuffers batchBuffers = new BatchBuffers(
                batch, sequenceLength, plan.precision().parameter(), places.batch(), device, batchHost);
        Activations activations = plan.activations(block, batch, sequenceLength);
        return new GptModel(
                config(), kernels, weights, gradients, activations, batchBuffers, places.rope(), Optional.empty());
    }

    /// The parameters as the optimizer's kernels see them.
    public ParameterSegments segments(Function<Parameter, Treatment> treatments) {
        return ParameterSegments.upload(
                device,
                layout().parameters().stream()
                        .map(parameter -> segment(parameter, treatments.apply(parameter)))
                        .toList());
    }

    private ParameterSegments.Segment segment(Parameter parameter, Treatment treatment) {
        return new ParameterSegments.Segment(
                parameter.offset(),
                parameter.rows(),
                parameter.cols(),
                places.copies().getOrDefault(parameter.name(), Tensor.NONE),
                plan.precision().activation(),
                treatment.weightDecay(),
                treatment.learningRateScale(),
                treatment.isFrozen());
    }

    /// One AdamW step of all parameters, after the gradients' norm.
    public void update(ParameterSegments segments, AdamW adamw) {
        kernels.adamwUpdate(masters(), firstMoments(), secondMoments(), gradients(), segments, adamw);
    }

    /// Fills the masters and their compute copies.
    ///
    /// @param fill writes the flat buffer, [layout.elements()] float32, into the memory it is given
    public void load(Consumer<MemorySegment> fill) {
        // Host memory needs no staging copy of all parameters.
        boolean isInPlace = device.isHostMemory() && masters().dtype() == Dtype.F32;
        if (isInPlace) {
            fill.accept(masters().segment());
        } else {
            try (Arena arena = Arena.ofShared()) {
                MemorySegment host = arena.allocate(layout().elements() * Float.BYTES, 64);
                fill.accept(host);
                device.upload(masters(), masters().dtype() == Dtype.F64 ? widened(host, arena) : host);
                device.synchronize();
            }
        }
        refreshCopies();
    }

    /// Makes the compute copies agree with the masters.
    public void refreshCopies() {
        places.copies().forEach((name, copy) -> {
            Tensor master = view(masters(), name);
            Dtype dtype = plan.precision().activation();
            kernels.computeCopyRefresh(new Weight(master, copy, dtype, master.size(0), master.size(1)), master);
        });
    }

    /// Makes this model's workspace and step block those of the kernels.
    public void bind() {
        kernels.bind(places.workspace(), step.device());
    }

    private static MemorySegment widened(MemorySegment floats, Arena arena) {
        long count = floats.byteSize() / Float.BYTES;
        MemorySegment doubles = arena.allocate(count * Double.BYTES, 64);
        for (long i = 0; i < count; i++) {
            doubles.setAtIndex(ValueLayout.JAVA_DOUBLE, i, floats.getAtIndex(ValueLayout.JAVA_FLOAT, i));
        }
        return doubles;
    }
}
