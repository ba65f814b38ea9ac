package dev.vernacular.config;

import dev.vernacular.config.RunConfig.Batch;
import dev.vernacular.config.RunConfig.Data;
import dev.vernacular.config.RunConfig.Experiment;
import dev.vernacular.config.RunConfig.Optimizer;
import dev.vernacular.config.RunConfig.Scaling;
import dev.vernacular.config.RunConfig.Schedule;
import dev.vernacular.config.RunConfig.Trainer;
import dev.vernacular.model.Precision;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/// From a resolved tree to the typed [RunConfig].
final class RunConfigReader {
    /// All of them are AdamW: Apex's fused Adam decouples the weight decay.
    private static final Set<String> ADAMW =
            Set.of("fused_adam", "distributed_fused_adam", "megatron_fused_adam", "adamw");

    private final ConfigLayers layers;
    private final Section root;
    private final Section model;

    RunConfigReader(ConfigLayers layers) {
        this.layers = layers;
        root = new Section("", layers.tree());
        model = root.section("model");
    }

    RunConfig read() {
        Trainer trainer = trainer(root.section("trainer"));
        return new RunConfig(
                trainer,
                experiment(root.section("exp_manager")),
                new Batch(
                        model.integer("micro_batch_size", 1).orElse(1),
                        model.integer("global_batch_size", 1).orElse(1)),
                data(model.section("data")),
                optimizer(model.section("optim"), trainer),
                scaling(),
                ModelSection.of(model.values(), layers.modelOrigin()),
                layers.restoreFrom(),
                layers.hparams(),
                model.integer("seed").orElse(1234L),
                layers.tree(),
                layers.notes());
    }

    private Trainer trainer(Section trainer) {
        int maxSteps = trainer.integer("max_steps", 1)
                .orElseThrow(() -> trainer.wrong("max_steps", "null", "the number of steps of the run"));
        Object limit = trainer.any("limit_val_batches").orElse(1.0);
        boolean isShare = limit instanceof Double;
        double batches = trainer.number("limit_val_batches", 0).orElse(1.0);
        if (isShare && batches > 1) {
            throw trainer.wrong("limit_val_batches", limit, "a whole number of batches, or a share of at most 1.0");
        }
        return new Trainer(
                precision(trainer),
                maxSteps,
                valCheckInterval(trainer, maxSteps),
                isShare ? OptionalInt.empty() : OptionalInt.of((int) batches),
                isShare ? batches : 1,
                trainer.number("gradient_clip_val", 0).orElse(0.0));
    }

    private static Precision precision(Section trainer) {
        String name = trainer.text("precision").orElse("32");
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "32", "32.0", "32-true", "fp32" -> Precision.FP32;
            case "bf16", "bf16-mixed" -> Precision.BF16;
            case "16", "16.0", "16-mixed", "fp16" -> Precision.FP16;
            default -> throw trainer.wrong("precision", name, "32, bf16 (or bf16-mixed) or 16 (or 16-mixed)");
        };
    }

    /// A share is of the run: a dataset is made as long as the run needs, so that it is one epoch.
    private static int valCheckInterval(Section trainer, int maxSteps) {
        if (trainer.any("val_check_interval").orElse(1.0) instanceof Double share && share <= 1) {
            if (share <= 0) {
                throw trainer.wrong("val_check_interval", share, "a number of steps, or a share of the run up to 1.0");
            }
            return Math.max(1, (int) (share * maxSteps));
        }
        return trainer.integer("val_check_interval", 1).orElse(maxSteps);
    }

    private Experiment experiment(Section manager) {
        Section callback = manager.section("checkpoint_callback_params");
        int saveTopK = callback.integer("save_top_k", -1).orElse(10);
        return new Experiment(
                manager.text("explicit_log_dir").map(Path::of),
                manager.text("exp_dir").map(Path::of),
                manager.text("name").orElse("default"),
                manager.text("version"),
                manager.flag("use_datetime_version").orElse(true),
                manager.flag("resume_if_exists").orElse(false),
                manager.flag("resume_ignore_no_checkpoint").orElse(false),
                model.text("resume_from_checkpoint")
                        .or(() -> manager.text("resume_from_checkpoint"))
                        .map(Path::of),
                model.has("resume_from_checkpoint"),
                manager.flag("create_checkpoint_callback").orElse(true),
                saveTopK,
                callback.flag("always_save_nemo").orElse(false),
                callback.flag("save_nemo_on_train_end").orElse(false),
                callback.text("filename").orElse("megatron_gpt--{val_loss:.2f}-{step}-{consumed_samples}"));
    }

    private Data data(Section data) {
        Object prefix = data.any("data_prefix")
                .orElseThrow(() -> data.wrong(
                        "data_prefix", "null", "{train: […], validation: […], test: […]} or [weight, path, …]"));
        int sequenceLength = data.integer("seq_length", 1)
                .or(() -> model.integer("encoder_seq_length", 1))
                .orElseThrow(() -> data.wrong("seq_length", "null", "the tokens of a sequence"));
        List<String> languages = new ArrayList<>();
        data.list("languages").orElse(List.of()).forEach(language -> languages.add(String.valueOf(language)));
        return new Data(
                prefix,
                splits(data),
                sequenceLength,
                data.flag("reset_position_ids").orElse(false),
                data.flag("reset_attention_mask").orElse(false),
                data.flag("eod_mask_loss").orElse(false),
                List.copyOf(languages));
    }

    /// `900,50,50`, also when a list was given.
    private static String splits(Section data) {
        return data.any("splits_string")
                .map(value -> value instanceof List<?> list
                        ? String.join(",", list.stream().map(String::valueOf).toList())
                        : value.toString())
                .orElse("900,50,50");
    }

    private Optimizer optimizer(Section optim, Trainer trainer) {
        String name = optim.text("name").orElse("fused_adam");
        if (!ADAMW.contains(name)) {
            throw optim.wrong(
                    "name",
                    name,
                    "an AdamW: " + String.join(", ", ADAMW.stream().sorted().toList()));
        }
        List<Object> betas = optim.list("betas").orElse(List.of(0.9, 0.999));
        if (betas.size() != 2
                || !betas.stream().allMatch(beta -> beta instanceof Number n && isBeta(n.doubleValue()))) {
            throw optim.wrong("betas", betas, "two numbers from 0, below 1: [0.9, 0.98]");
        }
        double learningRate = optim.number("lr", 0).orElseThrow(() -> optim.wrong("lr", "null", "a number"));
        Optional<Schedule> schedule = optim.has("sched")
                ? Optional.of(schedule(optim.section("sched"), learningRate, trainer.maxSteps()))
                : Optional.empty();
        return new Optimizer(
                name,
                learningRate,
                optim.number("weight_decay", 0).orElse(0.0),
                ((Number) betas.get(0)).doubleValue(),
                ((Number) betas.get(1)).doubleValue(),
                optim.number("eps", 0).orElse(1e-8),
                model.flag("do_layer_norm_weight_decay").orElse(false),
                schedule);
    }

    private static boolean isBeta(double beta) {
        return beta >= 0 && beta < 1;
    }

    private Schedule schedule(Section sched, double learningRate, int runSteps) {
        String name = sched.text("name").orElse("CosineAnnealing");
        if (!name.equals("CosineAnnealing")) {
            throw sched.wrong("name", name, "CosineAnnealing (or ~model.optim.sched for a constant learning rate)");
        }
        long maxSteps = sched.integer("max_steps", 1).orElse(runSteps);
        double floor = sched.number("min_lr", 0).orElse(0.0);
        if (learningRate < floor) {
            throw sched.wrong("min_lr", floor, "at most model.optim.lr, which is " + learningRate);
        }
        long warmup = steps(sched, "warmup_steps", "warmup_ratio", maxSteps);
        long constant = steps(sched, "constant_steps", "constant_ratio", maxSteps);
        if (warmup >= maxSteps) {
            layers.note("the learning rate is still rising at the end: sched.warmup_steps is " + warmup + " of "
                    + maxSteps + " steps");
        }
        return new Schedule(floor, warmup, constant, maxSteps);
    }

    private static long steps(Section sched, String count, String ratio, long maxSteps) {
        return sched.number(ratio, 0).map(share -> (long) (share * maxSteps)).orElseGet(() ->
                (long) sched.integer(count, 0).orElse(0));
    }

    private Scaling scaling() {
        return new Scaling(
                model.number("native_amp_init_scale", 1).orElse(0x1p32),
                model.integer("native_amp_growth_interval", 1).orElse(1000),
                model.integer("hysteresis", 1).orElse(2));
    }
}
