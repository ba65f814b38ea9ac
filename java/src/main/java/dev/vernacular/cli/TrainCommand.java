package dev.vernacular.cli;

import dev.vernacular.config.Overrides;
import dev.vernacular.config.RunConfig;
import dev.vernacular.config.Yaml;
import dev.vernacular.kernels.Backend;
import dev.vernacular.train.TrainingPlan;
import dev.vernacular.train.TrainingRun;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `train`: continual pre-training with the keys of NeMo's `megatron_gpt_continue_training.py`.
@Command(
        name = "train",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Trains a model on indexed datasets. The same command goes on with a run that was stopped.",
            "Example: vernacular train restore_from_path=expanded.nemo exp_manager.name=th trainer.max_steps=1200 "
                    + "'model.data.data_prefix={train:[1.0,data/train_text_document],"
                    + "validation:[data/val_text_document],test:[]}'"
        })
final class TrainCommand implements Runnable {

    @Spec
    private CommandSpec spec;

    @Option(names = "--config", paramLabel = "FILE", description = "YAML in the form of megatron_gpt_config.yaml.")
    private Optional<Path> file = Optional.empty();

    @Option(
            names = "--dry-run",
            description = "Check everything, print the resolved configuration and what the run will take, and stop.")
    private boolean isDryRun;

    @Option(names = "--measure", description = "With --dry-run: time a few steps.")
    private boolean isMeasured;

    @Option(
            names = "--deterministic",
            description =
                    "Runs are repeatable bit for bit with or without it (on a GPU as long as cuBLASLt's choices are"
                            + " kept, see cuda/README.md).")
    private boolean isDeterministic;

    @Parameters(
            arity = "0..*",
            paramLabel = "key=value",
            description = "Overrides in Hydra's grammar: key=value, +key=value, ++key=value, ~key.")
    private List<String> overrides = new ArrayList<>();

    @Mixin
    private BackendOptions backends;

    @Mixin
    private CommonOptions common;

    @Override
    public void run() {
        RunConfig config = config();
        try (Backend backend = backends.open()) {
            if (isDryRun) {
                show(config, TrainingPlan.of(config, backend, isMeasured));
            } else {
                show(TrainingRun.run(config, backend, new TrainProgress(true)));
            }
        }
    }

    private RunConfig config() {
        for (String argument : overrides) {
            if (!Overrides.isOverride(argument)) {
                throw new ParameterException(
                        spec.commandLine(), "'" + argument + "' is neither an option nor key=value");
            }
        }
        return TrainingRun.configure(file, overrides);
    }

    private void show(TrainingRun.Result result) {
        if (common.json) {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("run_folder", result.folder().toString());
            json.put("steps", result.steps());
            json.put("consumed_samples", result.consumedSamples());
            json.put("loss", finite(result.loss()));
            json.put("val_loss", finite(result.validationLoss()));
            json.put("checkpoint", result.checkpoint().map(Path::toString).orElse(null));
            json.put("model", result.nemo().map(Path::toString).orElse(null));
            json.put("stopped", result.isStopped());
            Console.json(json);
            return;
        }
        if (result.isStopped()) {
            Console.note("stopped after step " + result.steps() + "; the same command goes on from here");
        }
        Console.result(
                result.nemo().or(result::checkpoint).orElse(result.folder()).toString());
    }

    private void show(RunConfig config, TrainingPlan plan) {
        if (common.json) {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("config", config.resolved());
            json.put("parameters", plan.parameters());
            json.put("bytes", plan.bytes());
            json.put("bytes_by_kind", plan.bytesByKind());
            json.put("steps", plan.steps());
            json.put("samples", plan.samples());
            json.put("tokens", plan.tokens());
            json.put("flops", plan.flops());
            plan.secondsPerStep().ifPresent(seconds -> json.put("seconds_per_step", seconds));
            Console.json(json);
            return;
        }
        config.notes().forEach(Console::note);
        Console.result(Yaml.write(config.resolved()).stripTrailing());
        Console.result("---");
        Console.result("parameters   %,d".formatted(plan.parameters()));
        Console.result("memory       %s on the device".formatted(size(plan.bytes())));
        plan.bytesByKind().forEach((kind, bytes) -> Console.result("  %-14s %10s".formatted(kind, size(bytes))));
        Console.result(
                "tokens       %,d: %,d steps of %,d".formatted(plan.tokens(), plan.steps(), plan.tokensPerStep()));
        Console.result("arithmetic   %.3g FLOP".formatted(plan.flops()));
        plan.secondsPerStep()
                .ifPresent(seconds -> Console.result("time         %.3f s a step, %s in all"
                        .formatted(seconds, TrainProgress.duration(seconds * plan.steps()))));
    }

    private static String size(long bytes) {
        return bytes < 1e9 ? "%.1f MB".formatted(bytes / 1e6) : "%.2f GB".formatted(bytes / 1e9);
    }

    /// JSON has no NaN.
    private static Object finite(double value) {
        return Double.isFinite(value) ? (Object) value : null;
    }
}
