package dev.vernacular.train;

import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.config.RunConfig;
import dev.vernacular.config.RunConfig.Experiment;
import dev.vernacular.data.Batch;
import dev.vernacular.kernels.Backend;
import dev.vernacular.model.ModelMemory;
import dev.vernacular.train.store.CheckpointStore;
import dev.vernacular.train.store.CheckpointWriter;
import dev.vernacular.train.store.ModelFiles;
import dev.vernacular.train.store.RunCheckpoint;
import dev.vernacular.train.store.RunFolder;
import dev.vernacular.train.store.TrainedParameters;
import dev.vernacular.train.store.TrainingState;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/// A training run from its configuration to its files.
///
/// ```
/// open the model and the data             nothing is written or allocated before these fit together
/// claim the run folder                    one run at a time
/// newest whole checkpoint, or the model   weights, moments, place in the data
/// steps, validations, checkpoints         until max_steps, or a signal (see TrainingLoop)
/// the model as .nemo                      if asked for
/// ```
///
/// A run that was killed at any moment goes on from its newest whole checkpoint with the losses it would have
/// had, bit for bit.
public final class TrainingRun {
    private final RunConfig config;
    private final Backend backend;
    private final StepListener listener;
    private final RunSetup setup;
    private final RunFolder folder;
    private final StopSignal stop;
    private final CheckpointStore store;

    /// What a run left behind.
    ///
    /// @param steps          done in all, resumed ones included
    /// @param loss           of the last step that this process did; NaN if it did none
    /// @param validationLoss the last one; NaN if there was none
    /// @param checkpoint     the newest
    /// @param nemo           the model, where `save_nemo_on_train_end` or `always_save_nemo` asked for it
    /// @param isStopped      by a signal, before the end
    public record Result(
            Path folder,
            int steps,
            double loss,
            double validationLoss,
            long consumedSamples,
            Optional<Path> checkpoint,
            Optional<Path> nemo,
            boolean isStopped) {}

    private TrainingRun(
            RunConfig config,
            Backend backend,
            StepListener listener,
            RunSetup setup,
            RunFolder folder,
            StopSignal stop) {
        this.config = config;
        this.backend = backend;
        this.listener = listener;
        this.setup = setup;
        this.folder = folder;
        this.stop = stop;
        this.store = new CheckpointStore(folder.checkpoints(), config.experiment(), listener::note);
    }

    /// The configuration of a run, from the same words as on the command line.
    ///
    /// @param file      the `--config` file
    /// @param overrides `key=value` in Hydra's grammar
    /// @throws dev.vernacular.config.ConfigException naming the key, its value and what is accepted
    public static RunConfig configure(Optional<Path> file, List<String> overrides) {
        return RunConfig.resolve(file, overrides, (path, hparams) -> {
            try (ModelFile model = ModelFile.open(path, hparams)) {
                return model.section();
            }
        });
    }

    /// Trains. SIGTERM and SIGINT save and return a result that says so; the process then ends with 143 or 130.
    ///
    /// @param backend  its device gets all of the run's memory, and keeps it until it is closed
    /// @param listener hears of everything as it happens
    /// @throws dev.vernacular.VernacularException with exit status 2 before anything is written if model, data
    ///   and configuration do not fit together; with 1 if the run fails, such as by a loss that is not finite
    public static Result run(RunConfig config, Backend backend, StepListener listener) {
        config.notes().forEach(listener::note);
        try (RunSetup setup = RunSetup.open(config, backend.kernels());
                RunFolder.Claim claim = RunFolder.of(config.experiment()).claim();
                StopSignal stop = new StopSignal()) {
            TrainingRun run = new TrainingRun(config, backend, listener, setup, claim.folder(), stop);
            Optional<RunCheckpoint> checkpoint = run.checkpoint();
            try {
                return run.from(checkpoint);
            } finally {
                checkpoint.ifPresent(RunCheckpoint::close);
            }
        }
    }

    /// Where to go on from: the newest whole checkpoint of the folder, or one that the configuration names.
    private Optional<RunCheckpoint> checkpoint() {
        Experiment experiment = config.experiment();
        if (experiment.isResumeForced()) {
            return experiment.resumeFrom().map(RunCheckpoint::open);
        }
        Optional<RunCheckpoint> newest =
                experiment.resumesIfExists() ? store.newestWhole(RunCheckpoint::open) : Optional.empty();
        if (newest.isEmpty() && !store.isEmpty() && experiment.resumesIfExists()) {
            throw new TrainException("none of the checkpoints in " + folder.checkpoints()
                    + " is whole\n  Remove them to start anew, or set another exp_manager.name.");
        }
        if (newest.isEmpty()
                && experiment.resumeFrom().isEmpty()
                && experiment.resumesIfExists()
                && !experiment.startsWithoutCheckpoint()) {
            throw new TrainException("there is no checkpoint in " + folder.checkpoints()
                    + ", and exp_manager.resume_ignore_no_checkpoint is False");
        }
        store.removeTorn();
        newest.map(RunCheckpoint::file).ifPresent(store::removeStaleLasts);
        return newest.or(() -> experiment.resumeFrom().map(RunCheckpoint::open));
    }

    private Result from(Optional<RunCheckpoint> checkpoint) {
        checkpoint.ifPresent(found -> {
            found.requireFits(setup.start().config());
            found.noteDifferences(config, setup.sourceNames(), listener::note);
        });
        TrainingState state = checkpoint
                .map(found -> found.state(setup.sourceNames(), config.scaling()))
                .orElseGet(this::beginning);
        boolean isDone = state.step() >= config.trainer().maxSteps();
        if (isDone && (!config.experiment().savesNemoAtEnd() || Files.exists(nemo()))) {
            listener.note(folder.path() + ": this run is done, " + state.step() + " of "
                    + config.trainer().maxSteps() + " steps\n  For more set a larger trainer.max_steps; for a new run "
                    + "another exp_manager.name.");
            return result(state, Double.NaN, checkpoint.map(RunCheckpoint::file));
        }
        return train(state, checkpoint);
    }

    private TrainingState beginning() {
        return new TrainingState(
                0,
                0,
                0,
                Collections.nCopies(setup.train().sources(), 0L),
                LossScaler.starting(config.scaling()).saved(),
                Double.NaN);
    }

    private Result train(TrainingState state, Optional<RunCheckpoint> checkpoint) {
        ModelMemory memory = setup.plan().allocate(backend.device(), backend.kernels());
        ModelFiles files =
                new ModelFiles(folder, setup.start().section(), setup.start().tokenizerFiles());
        files.writeConfiguration(config.resolved());
        load(memory, state, checkpoint);
        try (MetricsLog metrics = MetricsLog.openAfter(folder.metrics(), state.step());
                CheckpointSaver saver = saver(memory, files, checkpoint.map(RunCheckpoint::file))) {
            TrainingLoop loop = new TrainingLoop(
                    config,
                    setup.train(),
                    new StepRunner(config, backend, memory, setup.train(), setup.batch()),
                    validation(memory),
                    saver,
                    metrics.and(listener),
                    state);
            loop.run(stop::isRequested, metrics.isValidated());
            if (!isStopped(loop.state()) && config.experiment().savesNemoAtEnd()) {
                saver.writeNemo();
            }
            return result(loop.state(), loop.loss(), saver.newest());
        }
    }

    private CheckpointSaver saver(ModelMemory memory, ModelFiles files, Optional<Path> newest) {
        return new CheckpointSaver(
                config.experiment(),
                store,
                new CheckpointWriter(config, files.section(), memory.config(), setup.sourceNames()),
                files,
                nemo(),
                TrainedParameters.of(memory, backend.device()),
                listener,
                newest);
    }

    private void load(ModelMemory memory, TrainingState state, Optional<RunCheckpoint> checkpoint) {
        if (checkpoint.isPresent()) {
            checkpoint.get().load(memory, backend.device());
            checkpoint.get().close();
            listener.note("going on after step " + state.step() + ", from "
                    + checkpoint.get().file());
        } else {
            memory.load(flat -> setup.start().weights().fill(memory.layout(), flat));
            listener.note(
                    "starting from " + config.restoreFrom().map(Path::toString).orElse("random weights"));
        }
    }

    private Optional<Validation> validation(ModelMemory memory) {
        Batch batch = setup.batch();
        return setup.validation()
                .map(samples -> new Validation(config, backend.device(), memory, samples, batch, setup.bytesOfToken()));
    }

    private Path nemo() {
        return folder.checkpoints().resolve(config.experiment().name() + ".nemo");
    }

    private boolean isStopped(TrainingState state) {
        return state.step() < config.trainer().maxSteps();
    }

    private Result result(TrainingState state, double loss, Optional<Path> checkpoint) {
        return new Result(
                folder.path(),
                state.step(),
                loss,
                state.validationLoss(),
                state.consumedSamples(),
                checkpoint,
                Optional.of(nemo()).filter(Files::exists),
                isStopped(state));
    }
}
