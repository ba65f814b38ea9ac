package dev.vernacular.train;

import dev.vernacular.config.RunConfig.Experiment;
import dev.vernacular.files.FilesException;
import dev.vernacular.train.store.CheckpointStore;
import dev.vernacular.train.store.CheckpointWriter;
import dev.vernacular.train.store.ModelFiles;
import dev.vernacular.train.store.TrainedParameters;
import dev.vernacular.train.store.TrainingState;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// Saves a run's state: a checkpoint by the store's rules and, if asked for, the model as `.nemo`.
///
/// Training waits while weights and moments are copied to the host (12 bytes a parameter), not for the disk:
/// another thread writes the copy. The next save and the end of the run wait for it. Where the host has no room
/// for a copy, training waits for all.
final class CheckpointSaver implements AutoCloseable {
    private final Experiment experiment;
    private final CheckpointStore store;
    private final CheckpointWriter writer;
    private final ModelFiles files;
    private final Path nemo;
    private final TrainedParameters parameters;
    private final StepListener listener;
    private final ExecutorService background = Executors.newSingleThreadExecutor(
            task -> Thread.ofPlatform().name("checkpoint").daemon().unstarted(task));
    private Optional<TrainedParameters> copy = Optional.empty();
    private Optional<Saving> saving = Optional.empty();
    private Optional<Path> newest;

    /// What is being written, the checkpoint first.
    private record Saving(int step, Future<List<Path>> files) {}

    /// @param nemo   where the model goes
    /// @param newest the checkpoint that the run starts from
    CheckpointSaver(
            Experiment experiment,
            CheckpointStore store,
            CheckpointWriter writer,
            ModelFiles files,
            Path nemo,
            TrainedParameters parameters,
            StepListener listener,
            Optional<Path> newest) {
        this.experiment = experiment;
        this.store = store;
        this.writer = writer;
        this.files = files;
        this.nemo = nemo;
        this.parameters = parameters;
        this.listener = listener;
        this.newest = newest;
    }

    /// Begins to save. Weights and moments may change when this returns.
    ///
    /// @param isValidated  the state's validation loss is of this very step
    /// @param learningRate of the next step
    /// @throws TrainException if this, or what was begun before, cannot be written
    void save(TrainingState state, boolean isValidated, double learningRate) {
        finish();
        if (!experiment.savesCheckpoints()) {
            return;
        }
        copy = copy.or(parameters::hostCopy);
        copy.ifPresent(parameters::copyTo);
        TrainedParameters from = copy.orElse(parameters);
        saving = Optional.of(
                new Saving(state.step(), background.submit(() -> write(from, state, isValidated, learningRate))));
        if (copy.isEmpty()) {
            finish();
        }
    }

    private List<Path> write(TrainedParameters from, TrainingState state, boolean isValidated, double learningRate) {
        List<Path> written = new ArrayList<>();
        written.add(store.save(state, isValidated, file -> writer.write(file, from, state, learningRate)));
        if (experiment.savesNemoAlways()) {
            files.writeNemo(nemo, from);
            written.add(nemo);
        }
        return written;
    }

    /// Tells of what is on disk by now, without waiting.
    void look() {
        if (saving.isPresent() && saving.get().files().isDone()) {
            finish();
        }
    }

    /// Waits until what was begun is on disk.
    ///
    /// @throws TrainException if it cannot be written
    void finish() {
        if (saving.isEmpty()) {
            return;
        }
        Saving done = saving.get();
        saving = Optional.empty();
        List<Path> written = await(done);
        newest = Optional.of(written.getFirst());
        written.forEach(listener::saved);
    }

    private List<Path> await(Saving saving) {
        boolean isInterrupted = false;
        try {
            while (true) {
                try {
                    return saving.files().get();
                } catch (InterruptedException later) {
                    isInterrupted = true;
                }
            }
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case FilesException full ->
                    throw TrainException.failure("step " + saving.step() + ": " + full.getMessage() + "\n  "
                            + lastGood() + " Make room, then run the same command again.");
                case RuntimeException other -> throw other;
                case Error other -> throw other;
                default -> throw new IllegalStateException(e.getCause());
            }
        } finally {
            if (isInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /// Writes the model as it is now.
    void writeNemo() {
        files.writeNemo(nemo, parameters);
        listener.saved(nemo);
    }

    /// The newest checkpoint that is whole.
    Optional<Path> newest() {
        return newest;
    }

    /// For a person.
    String lastGood() {
        return newest.map(file -> "The last good checkpoint is " + file + ".").orElse("There is no checkpoint yet.");
    }

    /// Waits for what is being written.
    @Override
    public void close() {
        background.close();
    }
}
