package dev.vernacular.train;

import dev.vernacular.config.RunConfig;
import dev.vernacular.kernels.Backend;
import dev.vernacular.kernels.Backends;
import dev.vernacular.train.TrainingRun.Result;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/// Runs on the golden model and corpus, on the reference backend.
final class TrainFixture {
    private TrainFixture() {}

    /// A file of `golden/train`.
    static Path golden(String name) {
        try {
            URL url = Objects.requireNonNull(TrainFixture.class.getResource("/golden/train/" + name), name);
            return Path.of(url.toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    static Path corpus() {
        Path index = golden("corpus.idx");
        return index.resolveSibling("corpus");
    }

    /// A run of 20 steps of 2 x 2 sequences from the tied model into `folder`.
    static RunConfig config(Path folder, String... overrides) {
        List<String> all = new ArrayList<>(List.of(
                "restore_from_path=" + golden("tied.nemo"),
                "exp_manager.explicit_log_dir=" + folder,
                "model.data.data_prefix={train:[" + corpus() + "],validation:[" + corpus() + "],test:[]}",
                "trainer.precision=32",
                "trainer.max_steps=20",
                "trainer.val_check_interval=20",
                "trainer.limit_val_batches=1",
                "trainer.gradient_clip_val=0.5",
                "model.micro_batch_size=2",
                "model.global_batch_size=4",
                "model.optim.lr=2e-3",
                "model.optim.sched.min_lr=2e-4",
                "model.optim.sched.warmup_steps=5"));
        all.addAll(List.of(overrides));
        return TrainingRun.configure(Optional.empty(), all);
    }

    static Result run(RunConfig config, StepListener listener) {
        return run("reference", config, listener);
    }

    static Result run(String name, RunConfig config, StepListener listener) {
        try (Backend backend = Backends.open(name, 0, Optional.empty())) {
            return TrainingRun.run(config, backend, listener);
        }
    }

    /// Keeps what it hears.
    static final class Recorder implements StepListener {
        final List<Step> steps = new ArrayList<>();
        final List<Validated> validations = new ArrayList<>();
        final List<Path> saved = new ArrayList<>();
        final List<String> notes = new ArrayList<>();

        @Override
        public void note(String line) {
            notes.add(line);
        }

        @Override
        public void stepDone(Step step) {
            steps.add(step);
        }

        @Override
        public void validated(Validated validation) {
            validations.add(validation);
        }

        @Override
        public void saved(Path file) {
            saved.add(file);
        }

        List<Double> losses() {
            return steps.stream().map(Step::loss).toList();
        }
    }
}
