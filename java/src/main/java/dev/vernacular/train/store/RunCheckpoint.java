package dev.vernacular.train.store;

import dev.vernacular.checkpoint.megatron.MegatronNames;
import dev.vernacular.checkpoint.torch.TorchDtype;
import dev.vernacular.checkpoint.torch.TorchFile;
import dev.vernacular.checkpoint.torch.TorchTensor;
import dev.vernacular.config.RunConfig;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.memory.Device;
import dev.vernacular.model.GptConfig;
import dev.vernacular.model.ModelMemory;
import dev.vernacular.model.ParameterLayout;
import dev.vernacular.model.ParameterLayout.Parameter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/// A checkpoint to go on from: one of ours, or one that NeMo wrote, whose place in the data is in its name.
public final class RunCheckpoint implements AutoCloseable {
    private final Path file;
    private final TorchFile content;
    private final Map<?, ?> root;
    private boolean isClosed;

    private RunCheckpoint(Path file, TorchFile content) {
        this.file = file;
        this.content = content;
        this.root = content.dictionary();
    }

    /// Maps a file and checks that it is whole, its weights and moments too.
    ///
    /// @throws dev.vernacular.VernacularException if it is not, or if it is no checkpoint of a run
    public static RunCheckpoint open(Path file) {
        TorchFile content = TorchFile.open(file);
        try {
            RunCheckpoint checkpoint = new RunCheckpoint(file, content);
            checkpoint.section("state_dict");
            checkpoint.optimizerState();
            content.requireWhole();
            return checkpoint;
        } catch (RuntimeException e) {
            content.close();
            throw e;
        }
    }

    public Path file() {
        return file;
    }

    /// Optimizer steps done.
    public int step() {
        return (int) number(root, "global_step").orElse(0L).longValue();
    }

    /// @param sources the run's training datasets
    /// @param scaling gives the loss scale where the checkpoint was not written in float16
    public TrainingState state(List<String> sources, RunConfig.Scaling scaling) {
        Map<?, ?> ours = optionalSection(CheckpointWriter.OURS);
        Map<?, ?> scaler = optionalSection(CheckpointWriter.SCALER);
        long consumed = number(ours, "consumed_samples")
                .or(() -> CheckpointName.consumedSamples(file))
                .orElse(0L);
        return new TrainingState(
                step(),
                number(ours, "updates").or(this::optimizerSteps).orElse((long) step()),
                consumed,
                perSource(ours, sources),
                new TrainingState.Scale(
                        scaler.get("scale") instanceof Number scale
                                ? scale.floatValue()
                                : (float) scaling.initialScale(),
                        number(scaler, "_growth_tracker").orElse(0L).intValue(),
                        number(scaler, "_hysteresis_tracker")
                                .orElse((long) scaling.hysteresis())
                                .intValue()),
                ours.get("val_loss") instanceof Number loss ? loss.doubleValue() : Double.NaN);
    }

    /// Zeros where the datasets are not those of the checkpoint.
    private static List<Long> perSource(Map<?, ?> ours, List<String> sources) {
        if (sources.equals(ours.get(CheckpointWriter.SOURCES))
                && ours.get(CheckpointWriter.CONSUMED_BY_SOURCE) instanceof List<?> counts
                && counts.size() == sources.size()) {
            return counts.stream()
                    .map(count -> count instanceof Number number ? number.longValue() : 0L)
                    .toList();
        }
        return Collections.nCopies(sources.size(), 0L);
    }

    /// Says what of the run differs from when it was saved, which makes it another run from here on.
    ///
    /// @param sources the run's training datasets
    public void noteDifferences(RunConfig config, List<String> sources, Consumer<String> notes) {
        Map<?, ?> ours = optionalSection(CheckpointWriter.OURS);
        if (!ours.isEmpty() && !sources.equals(ours.get(CheckpointWriter.SOURCES))) {
            notes.accept("the checkpoint was saved with the datasets " + texts(ours.get(CheckpointWriter.SOURCES))
                    + ", now they are " + sources + ": the run goes on at sample "
                    + number(ours, "consumed_samples").orElse(0L) + " of these");
        }
        noteDifference(ours, "seed", config.seed(), notes);
        noteDifference(ours, "max_steps", config.trainer().maxSteps(), notes);
        noteDifference(ours, "sequence_length", config.data().sequenceLength(), notes);
        noteDifference(ours, "global_batch_size", config.batch().global(), notes);
        if (ours.isEmpty() && CheckpointName.consumedSamples(file).isEmpty()) {
            notes.accept(file + " does not say how many samples were consumed; the data starts from its beginning");
        }
    }

    /// Those of `value` that are text; a damaged file can have a list that holds itself.
    private static List<?> texts(Object value) {
        return value instanceof List<?> list
                ? list.stream().filter(String.class::isInstance).toList()
                : List.of();
    }

    /// Refuses a checkpoint of another model, such as one from before an expansion of the vocabulary.
    public void requireFits(GptConfig config) {
        ParameterLayout layout = new ParameterLayout(config);
        layout.parameters().forEach(parameter -> weight(parameter));
        moments(order(config).size());
    }

    /// Fills masters and moments, and refreshes the compute copies.
    public void load(ModelMemory memory, Device device) {
        TrainedParameters parameters = TrainedParameters.of(memory, device);
        for (Parameter parameter : memory.layout().parameters()) {
            parameters.load(parameters.masters(), parameter, weight(parameter));
        }
        List<Parameter> order = order(memory.config());
        Map<?, ?> moments = moments(order.size());
        for (int number = 0; number < order.size(); number++) {
            Map<?, ?> entry = (Map<?, ?>) moments.get((long) number);
            loadMoment(parameters, parameters.firstMoments(), order.get(number), entry, "exp_avg");
            loadMoment(parameters, parameters.secondMoments(), order.get(number), entry, "exp_avg_sq");
        }
        memory.refreshCopies();
    }

    /// Unmaps the file, so that its space is free once it is deleted. May be called again.
    @Override
    public void close() {
        if (!isClosed) {
            isClosed = true;
            content.close();
        }
    }

    private void loadMoment(TrainedParameters to, Tensor flat, Parameter parameter, Map<?, ?> entry, String key) {
        to.load(flat, parameter, fitting("optimizer " + key + " of " + parameter.name(), entry.get(key), parameter));
    }

    private TorchTensor weight(Parameter parameter) {
        String key = MegatronNames.key(parameter.name(), false);
        return fitting(key, section("state_dict").get(key), parameter);
    }

    private TorchTensor fitting(String name, Object value, Parameter parameter) {
        if (!(value instanceof TorchTensor tensor) || tensor.dtype() != TorchDtype.F32) {
            throw new StoreException(file + ": " + name + " is "
                    + (value instanceof TorchTensor tensor ? tensor.dtype().torchName() : "missing")
                    + ", a run goes on from float32 weights and moments\n  To start a new run from these weights set "
                    + "restore_from_path=" + file + " and another exp_manager.name.");
        }
        if (!Arrays.equals(tensor.shape(), parameter.shape())) {
            throw new StoreException(file + ": " + name + " has the shape " + Arrays.toString(tensor.shape())
                    + ", the model has " + Arrays.toString(parameter.shape())
                    + "\n"
                    + "  The run in this folder trained another model, perhaps before its vocabulary was expanded. Set"
                    + " another exp_manager.name, or remove the folder's checkpoints.");
        }
        return tensor;
    }

    private Map<?, ?> moments(int count) {
        Map<?, ?> moments = optimizerState().get("state") instanceof Map<?, ?> state ? state : Map.of();
        for (long number = 0; number < count; number++) {
            if (!(moments.get(number) instanceof Map<?, ?>)) {
                throw new StoreException(file + ": its optimizer state has no moments for parameter " + number + " of "
                        + count + "\n  It is of another model, or has no optimizer state.");
            }
        }
        return moments;
    }

    private Map<?, ?> optimizerState() {
        if (root.get("optimizer_states") instanceof List<?> list
                && !list.isEmpty()
                && list.getFirst() instanceof Map<?, ?> state) {
            return state;
        }
        throw new StoreException(file + " has no optimizer state: it is no checkpoint of a training run");
    }

    private List<?> groups() {
        return optimizerState().get("param_groups") instanceof List<?> groups ? groups : List.of();
    }

    /// One group alone: all parameters had weight decay.
    private List<Parameter> order(GptConfig config) {
        return OptimizerOrder.of(config, groups().size() == 1).all();
    }

    private Optional<Long> optimizerSteps() {
        return groups().stream()
                .findFirst()
                .flatMap(group -> group instanceof Map<?, ?> map ? number(map, "step") : Optional.empty());
    }

    private Map<?, ?> section(String key) {
        if (root.get(key) instanceof Map<?, ?> map) {
            return map;
        }
        throw new StoreException(file + " has no " + key + ": it is no checkpoint of a training run");
    }

    private Map<?, ?> optionalSection(String key) {
        return root.get(key) instanceof Map<?, ?> map ? map : Map.of();
    }

    private static Optional<Long> number(Map<?, ?> map, String key) {
        return map.get(key) instanceof Number number ? Optional.of(number.longValue()) : Optional.empty();
    }

    private static void noteDifference(Map<?, ?> ours, String key, long now, Consumer<String> notes) {
        number(ours, key)
                .filter(saved -> saved != now)
                .ifPresent(saved -> notes.accept("the checkpoint was saved with " + key + " " + saved + ", now it is "
                        + now + ": the run goes on, but with other samples than it would have had"));
    }
}
