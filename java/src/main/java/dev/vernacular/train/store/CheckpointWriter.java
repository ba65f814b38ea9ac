package dev.vernacular.train.store;

import dev.vernacular.checkpoint.megatron.LightningWriter;
import dev.vernacular.checkpoint.megatron.MegatronNames;
import dev.vernacular.checkpoint.torch.TorchFile;
import dev.vernacular.checkpoint.torch.TorchTensor;
import dev.vernacular.config.RunConfig;
import dev.vernacular.config.RunConfig.Optimizer;
import dev.vernacular.config.RunConfig.Schedule;
import dev.vernacular.model.GptConfig;
import dev.vernacular.model.ParameterLayout.Parameter;
import dev.vernacular.model.Precision;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Writes a run's checkpoint in the form of Lightning's `.ckpt`, as NeMo does, so that its tools read it:
/// weights under Megatron's legacy names, AdamW's moments, schedule, loss scaler. What an exact resume needs
/// beyond that is under `vernacular`.
public final class CheckpointWriter {
    /// The key of what is ours.
    static final String OURS = "vernacular";
    static final String SOURCES = "sources";
    static final String CONSUMED_BY_SOURCE = "consumed_samples_by_source";
    static final String SCALER = "PipelineMixedPrecisionPlugin";
    private static final int VERSION = 1;

    private final RunConfig config;
    private final Map<String, Object> modelSection;
    private final GptConfig model;
    private final List<String> sources;

    /// @param modelSection what readers of the checkpoint need to know of the model
    /// @param model        its architecture
    /// @param sources      the training datasets' names
    public CheckpointWriter(RunConfig config, Map<String, Object> modelSection, GptConfig model, List<String> sources) {
        this.config = config;
        this.modelSection = modelSection;
        this.model = model;
        this.sources = List.copyOf(sources);
    }

    /// Writes beside `file`, syncs and renames: a kill leaves no half of it under this name.
    ///
    /// @param parameters   read while the file is written
    /// @param learningRate of the next step
    public void write(Path file, TrainedParameters parameters, TrainingState state, double learningRate) {
        Map<String, Object> root = LightningWriter.root(
                state.step(),
                weights(parameters),
                List.of(optimizer(parameters, state, learningRate)),
                schedulers(state, learningRate),
                modelSection);
        if (config.trainer().precision() == Precision.FP16) {
            root.put(SCALER, scaler(state.scale()));
        }
        root.put(OURS, ours(state));
        TorchFile.write(file, root, true);
    }

    private Map<String, Object> weights(TrainedParameters parameters) {
        Map<String, Object> weights = new LinkedHashMap<>();
        for (String name : MegatronNames.inModuleOrder(model)) {
            TorchTensor tensor = parameters.tensor(
                    parameters.masters(), parameters.memory().layout().get(name));
            weights.put(MegatronNames.key(name, false), tensor);
        }
        return weights;
    }

    private Map<String, Object> optimizer(TrainedParameters parameters, TrainingState state, double learningRate) {
        Optimizer optimizer = config.optimizer();
        OptimizerOrder order = OptimizerOrder.of(model, optimizer.decaysVectors());
        Map<Object, Object> moments = new LinkedHashMap<>();
        for (Parameter parameter : order.all()) {
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("exp_avg", parameters.tensor(parameters.firstMoments(), parameter));
            entry.put("exp_avg_sq", parameters.tensor(parameters.secondMoments(), parameter));
            moments.put((long) moments.size(), entry);
        }
        List<Object> groups = new ArrayList<>();
        groups.add(group(optimizer.weightDecay(), 0, order.decayed().size(), state, learningRate));
        if (!order.undecayed().isEmpty()) {
            groups.add(group(0, order.decayed().size(), order.undecayed().size(), state, learningRate));
        }
        Map<String, Object> saved = new LinkedHashMap<>();
        saved.put("state", moments);
        saved.put("param_groups", groups);
        return saved;
    }

    private Map<String, Object> group(double decay, int first, int count, TrainingState state, double learningRate) {
        Optimizer optimizer = config.optimizer();
        List<Object> numbers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            numbers.add((long) first + i);
        }
        Map<String, Object> group = new LinkedHashMap<>();
        group.put("lr", learningRate);
        group.put("bias_correction", true);
        group.put("betas", List.of(optimizer.beta1(), optimizer.beta2()));
        group.put("eps", optimizer.epsilon());
        group.put("weight_decay", decay);
        group.put("initial_lr", optimizer.learningRate());
        group.put("step", state.updates());
        group.put("params", numbers);
        return group;
    }

    private List<Object> schedulers(TrainingState state, double learningRate) {
        List<Object> schedulers = new ArrayList<>();
        config.optimizer().schedule().ifPresent(schedule -> schedulers.add(scheduler(schedule, state, learningRate)));
        return schedulers;
    }

    private Map<String, Object> scheduler(Schedule schedule, TrainingState state, double learningRate) {
        double peak = config.optimizer().learningRate();
        List<Object> groups = new ArrayList<>(List.of(peak, peak));
        Map<String, Object> saved = new LinkedHashMap<>();
        saved.put("max_steps", schedule.maxSteps());
        saved.put("warmup_steps", schedule.warmupSteps());
        saved.put("constant_steps", schedule.constantSteps());
        saved.put("decay_steps", schedule.maxSteps() - schedule.constantSteps() - schedule.warmupSteps());
        saved.put("min_lr", schedule.minLearningRate());
        saved.put("base_lrs", groups);
        saved.put("last_epoch", state.updates());
        saved.put("_step_count", state.updates() + 1);
        saved.put("_last_lr", List.of(learningRate, learningRate));
        return saved;
    }

    private Map<String, Object> scaler(TrainingState.Scale scale) {
        Map<String, Object> saved = new LinkedHashMap<>();
        saved.put("scale", (double) scale.value());
        saved.put("growth_factor", 2.0);
        saved.put("backoff_factor", 0.5);
        saved.put("growth_interval", (long) config.scaling().growthInterval());
        saved.put("_growth_tracker", (long) scale.goodSteps());
        saved.put("_hysteresis_tracker", (long) scale.patience());
        return saved;
    }

    private Map<String, Object> ours(TrainingState state) {
        Map<String, Object> ours = new LinkedHashMap<>();
        ours.put("version", (long) VERSION);
        ours.put("step", (long) state.step());
        ours.put("updates", state.updates());
        ours.put("consumed_samples", state.consumedSamples());
        ours.put(SOURCES, sources);
        ours.put(CONSUMED_BY_SOURCE, state.consumedPerSource());
        ours.put("seed", config.seed());
        ours.put("max_steps", (long) config.trainer().maxSteps());
        ours.put("sequence_length", (long) config.data().sequenceLength());
        ours.put("global_batch_size", (long) config.batch().global());
        ours.put("val_loss", state.validationLoss());
        return ours;
    }
}
