package dev.vernacular.adapt;

import dev.vernacular.config.Overrides;
import dev.vernacular.config.RunConfig;
import dev.vernacular.kernels.Backend;
import dev.vernacular.train.StepListener;
import dev.vernacular.train.TrainingRun;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A training run of a job, told in the words of the `train` command.
///
/// @param model  where it starts
/// @param folder of all runs, `exp_manager.exp_dir`
/// @param name   of this run
record TrainingStage(Path model, Path folder, String name) {
    private static final int STEPS_PER_EPOCH_AT_LEAST = 100;
    private static final int GLOBAL_BATCH = 8;
    private static final int MICRO_BATCH = 4;
    private static final int VALIDATIONS = 12;

    /// One source of a blend.
    ///
    /// @param weight share of the training sequences; one of share 0 is only validated on
    record Source(Corpus corpus, double weight) {}

    /// The run's overrides: what is chosen here, then the user's own, which win.
    ///
    /// Two passes over the target's text, batches of 8, a twentieth of warm-up, a cosine to a tenth.
    ///
    /// @param sources      target first
    /// @param positions    of the model
    /// @param usersOwn     of the command line
    List<String> overrides(List<Source> sources, int positions, long seed, List<String> usersOwn) {
        long sequences = sources.getFirst().corpus().trainTokens() / Math.max(1, positions);
        double share = sources.getFirst().weight();
        int steps = Math.clamp(
                Math.round(2 * sequences / (share * GLOBAL_BATCH)), STEPS_PER_EPOCH_AT_LEAST, Integer.MAX_VALUE);
        List<String> overrides = new ArrayList<>(List.of(
                "restore_from_path=" + Overrides.quote(model.toString()),
                "exp_manager.exp_dir=" + Overrides.quote(folder.toString()),
                "exp_manager.name=" + name,
                "exp_manager.checkpoint_callback_params.save_top_k=1",
                "exp_manager.checkpoint_callback_params.save_nemo_on_train_end=True",
                "trainer.precision=32",
                "trainer.max_steps=" + steps,
                "trainer.limit_val_batches=8",
                "model.micro_batch_size=" + MICRO_BATCH,
                "model.global_batch_size=" + GLOBAL_BATCH,
                "model.seed=" + seed,
                "model.hidden_dropout=0.0",
                "model.attention_dropout=0.0",
                "model.optim.lr=3e-4",
                "model.optim.weight_decay=0.1",
                "model.optim.betas=[0.9,0.95]",
                "++model.data.languages=[" + languages(sources) + "]",
                "model.data.data_prefix=" + dataPrefix(sources)));
        overrides.addAll(usersOwn);
        int lastSteps = Integer.parseInt(last(overrides, "trainer.max_steps"));
        double peak = Double.parseDouble(last(overrides, "model.optim.lr"));
        overrides.addAll(
                overrides.size() - usersOwn.size(),
                List.of(
                        "trainer.val_check_interval=" + Math.max(1, lastSteps / VALIDATIONS),
                        "model.optim.sched.warmup_steps=" + lastSteps / 20,
                        "model.optim.sched.min_lr=" + peak / 10));
        return overrides;
    }

    /// Trains, or goes on with a run that was stopped.
    ///
    /// @return the model as .nemo
    /// @throws AdaptException if it was stopped by a signal
    Path run(List<String> overrides, Models models, StepListener listener) {
        try (Backend backend = models.openBackend()) {
            RunConfig config = TrainingRun.configure(Optional.empty(), overrides);
            TrainingRun.Result result = TrainingRun.run(config, backend, listener);
            if (result.isStopped()) {
                throw new AdaptException("stopped in stage " + name + " after step " + result.steps()
                        + "\n  The same command goes on from there.");
            }
            return result.nemo().orElseThrow();
        }
    }

    Path metrics() {
        return folder.resolve(name).resolve("metrics.jsonl");
    }

    private static String dataPrefix(List<Source> sources) {
        List<String> train = new ArrayList<>();
        List<String> validation = new ArrayList<>();
        for (Source source : sources) {
            if (source.weight() > 0) {
                train.add(source.weight() + ","
                        + Overrides.quote(source.corpus().trainDataset().toString()));
            }
            validation.add(
                    "1.0," + Overrides.quote(source.corpus().heldOutDataset().toString()));
        }
        String held = "[" + String.join(",", validation) + "]";
        return "{train:[" + String.join(",", train) + "],validation:" + held + ",test:" + held + "}";
    }

    private static String languages(List<Source> sources) {
        return String.join(
                ",",
                sources.stream()
                        .map(source -> Overrides.quote(source.corpus().language()))
                        .toList());
    }

    private static String last(List<String> overrides, String key) {
        String value = "";
        for (String override : overrides) {
            String bare = override.replaceFirst("^\\++", "");
            if (bare.startsWith(key + "=")) {
                value = bare.substring(key.length() + 1);
            }
        }
        return value;
    }
}
