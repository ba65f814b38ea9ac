package dev.vernacular.config;

import dev.vernacular.model.Precision;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/// A training run's configuration, resolved: NeMo's defaults, under the `--config` file, under the restored
/// model's own section, under the command line (see [ConfigLayers]). What exists here is valid.
///
/// @param model       the section that decides the architecture
/// @param restoreFrom the model whose weights are the start; empty: random weights
/// @param hparams     its configuration, where `pretrained_checkpoint.hparams_file` names one
/// @param seed        `model.seed`, of data order, dropout and fresh weights
/// @param resolved    the whole tree, without interpolations: what is saved beside the run
/// @param notes       for a person: keys without effect, values that replace the model's own
public record RunConfig(
        Trainer trainer,
        Experiment experiment,
        Batch batch,
        Data data,
        Optimizer optimizer,
        Scaling scaling,
        ModelSection model,
        Optional<Path> restoreFrom,
        Optional<Path> hparams,
        long seed,
        Map<String, Object> resolved,
        List<String> notes) {

    /// Opens the model that a run starts from, for its section alone.
    @FunctionalInterface
    public interface ModelSource {
        /// @param hparams the configuration of a Lightning checkpoint, where one is named
        ModelSection section(Path model, Optional<Path> hparams);
    }

    /// @param maxSteps          optimizer steps in all, resumed ones included
    /// @param valCheckInterval  steps from one validation to the next
    /// @param validationBatches global batches of a validation; empty: `validationShare` of one epoch
    /// @param gradientClip      largest gradient norm; 0 does not clip
    public record Trainer(
            Precision precision,
            int maxSteps,
            int valCheckInterval,
            OptionalInt validationBatches,
            double validationShare,
            double gradientClip) {}

    /// `exp_manager`: where a run lives and what it keeps.
    ///
    /// @param version  folder below the name; empty: none for a run that resumes, else the date or a number
    /// @param resumeFrom a checkpoint to go on from where the folder has none; with `isResumeForced` in any
    ///                   case
    /// @param saveTopK checkpoints kept, the lowest validation losses; -1 all, 0 none
    /// @param filename template of checkpoints' names
    public record Experiment(
            Optional<Path> explicitLogDir,
            Optional<Path> experimentDir,
            String name,
            Optional<String> version,
            boolean usesDatetimeVersion,
            boolean resumesIfExists,
            boolean startsWithoutCheckpoint,
            Optional<Path> resumeFrom,
            boolean isResumeForced,
            boolean savesCheckpoints,
            int saveTopK,
            boolean savesNemoAlways,
            boolean savesNemoAtEnd,
            String filename) {}

    /// @param micro  sequences of one forward pass
    /// @param global sequences of one optimizer step, a multiple of `micro`
    public record Batch(int micro, int global) {
        public Batch {
            if (global % micro != 0) {
                throw new ConfigException("model.global_batch_size is " + global
                        + ", it must be a multiple of model.micro_batch_size, " + micro + "\n  For example "
                        + "model.global_batch_size=" + (global / micro + 1) * micro + ".");
            }
        }

        public int accumulationSteps() {
            return global / micro;
        }
    }

    /// @param prefix    NeMo's `data_prefix` in any of its forms
    /// @param languages names of the validation sources in their order, for bits per byte; may be empty
    public record Data(
            Object prefix,
            String splits,
            int sequenceLength,
            boolean resetsPositions,
            boolean resetsAttention,
            boolean masksEndOfDocument,
            List<String> languages) {}

    /// AdamW.
    ///
    /// @param decaysVectors weight decay also on norms and biases (`do_layer_norm_weight_decay`)
    /// @param schedule      empty: the learning rate stays
    public record Optimizer(
            String name,
            double learningRate,
            double weightDecay,
            double beta1,
            double beta2,
            double epsilon,
            boolean decaysVectors,
            Optional<Schedule> schedule) {}

    /// CosineAnnealing.
    public record Schedule(double minLearningRate, long warmupSteps, long constantSteps, long maxSteps) {}

    /// The loss scale of `trainer.precision=16`.
    public record Scaling(double initialScale, int growthInterval, int hysteresis) {}

    /// Resolves a command line.
    ///
    /// @param file      the `--config` file
    /// @param overrides `key=value` in Hydra's grammar
    /// @param models    opens `restore_from_path`
    /// @throws ConfigException naming the key, its value and what is accepted
    public static RunConfig resolve(Optional<Path> file, List<String> overrides, ModelSource models) {
        ConfigLayers layers = new ConfigLayers(file, Overrides.parse(overrides), models);
        return new RunConfigReader(layers).read();
    }
}
