package dev.vernacular.config;

import dev.vernacular.files.FilesException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/// Lays the sources of a run's configuration over each other: NeMo's defaults, the `--config` file, the command
/// line; and with `restore_from_path` the model's own section in the place of `model`, as NeMo's
/// continue-training script does. Of the model's section the file replaces what that script replaces ([#TAKEN]
/// and [#TAKEN_IF_GIVEN]); the command line replaces anything, which NeMo would not do and which is therefore
/// noted.
final class ConfigLayers {
    /// Model keys that are the run's and not the restored model's, default values included.
    private static final List<String> TAKEN = List.of(
            "megatron_amp_O2",
            "micro_batch_size",
            "global_batch_size",
            "rampup_batch_size",
            "sequence_parallel",
            "activations_checkpoint_granularity",
            "activations_checkpoint_num_layers",
            "activations_checkpoint_method",
            "data",
            "optim",
            "pretrained_checkpoint",
            "resume_from_checkpoint",
            "gradient_as_bucket_view",
            "use_flash_attention",
            "tensor_model_parallel_size",
            "pipeline_model_parallel_size",
            "virtual_pipeline_model_parallel_size",
            "native_amp_init_scale",
            "native_amp_growth_interval",
            "hysteresis");
    /// Model keys that NeMo takes from its file always; its defaults for them would contradict most models.
    private static final List<String> TAKEN_IF_GIVEN =
            List.of("encoder_seq_length", "max_position_embeddings", "seq_len_interpolation_factor");

    private final Map<String, Object> defaults = resource("megatron_gpt_config.yaml");
    private final Map<String, Object> keys = resource("keys.yaml");
    private final List<String> notes = new ArrayList<>();
    private final Map<String, Object> given = new LinkedHashMap<>();
    private final Optional<Path> restoreFrom;
    private final String modelOrigin;
    private final Map<String, Object> tree;

    ConfigLayers(Optional<Path> file, Overrides overrides, RunConfig.ModelSource models) {
        KnownKeys known = knownKeys();
        Map<String, Object> fromFile = file.map(path -> readFile(path, known)).orElse(Map.of());
        Map<String, Object> layered = Tree.copy(defaults);
        Tree.merge(layered, fromFile);
        notes.addAll(overrides.applyTo(layered, known));
        Tree.merge(given, fromFile);
        Tree.merge(given, overrides.values());
        restoreFrom = startingModel(Interpolations.resolve(layered));
        if (restoreFrom.isPresent()) {
            ModelSection section = models.section(restoreFrom.get(), hparams(layered));
            layered.put("model", restoredModel(layered, section, fromFile, overrides));
        }
        modelOrigin = restoreFrom.map(Path::toString).orElse("the run's configuration");
        tree = Interpolations.resolve(layered);
        refuseUnsupported();
        noteWithoutEffect();
    }

    /// The result, without interpolations.
    Map<String, Object> tree() {
        return tree;
    }

    Optional<Path> restoreFrom() {
        return restoreFrom;
    }

    Optional<Path> hparams() {
        return hparams(tree);
    }

    /// Where the model section came from, for errors.
    String modelOrigin() {
        return modelOrigin;
    }

    List<String> notes() {
        return List.copyOf(notes);
    }

    void note(String note) {
        notes.add(note);
    }

    private KnownKeys knownKeys() {
        List<String> others = new ArrayList<>();
        ((List<?>) keys.get("optional")).forEach(key -> others.add(key.toString()));
        others.addAll(Tree.map(keys.get("no_effect")).keySet());
        others.addAll(Tree.map(keys.get("only")).keySet());
        return new KnownKeys(defaults, others);
    }

    /// A file may be a model's own section pasted in, with keys of other NeMo versions: only what looks like a
    /// slip of the pen, or lies outside `model`, is an error.
    private Map<String, Object> readFile(Path file, KnownKeys known) {
        Map<String, Object> read = Yaml.read(file);
        for (String key : Tree.leaves(read)) {
            if (known.contains(key)) {
                continue;
            }
            if (!key.startsWith("model.") || known.isSlip(key)) {
                throw new ConfigException(file + ": there is no key '" + key + "'" + known.advice(key));
            }
            notes.add("nothing reads " + key + " of " + file);
        }
        return read;
    }

    private static Optional<Path> hparams(Map<String, Object> tree) {
        return Optional.ofNullable(Tree.get(tree, List.of("model", "pretrained_checkpoint", "hparams_file")))
                .map(file -> Path.of(file.toString()));
    }

    private static Optional<Path> startingModel(Map<String, Object> resolved) {
        Section root = new Section("", resolved);
        Section pretrained = root.section("model").section("pretrained_checkpoint");
        Optional<Path> start = root.text("restore_from_path")
                .map(Path::of)
                .or(() -> pretrained
                        .text("checkpoint_dir")
                        .map(folder -> Path.of(
                                folder,
                                pretrained
                                        .text("checkpoint_name")
                                        .orElseThrow(() -> pretrained.wrong(
                                                "checkpoint_name", "null", "a file in checkpoint_dir")))));
        start.filter(path -> !Files.exists(path)).ifPresent(path -> {
            throw new ConfigException("there is no model " + path + "\n  Set restore_from_path to a .nemo file, or "
                    + "leave it out to start from random weights.");
        });
        return start;
    }

    private Map<String, Object> restoredModel(
            Map<String, Object> layered, ModelSection section, Map<String, Object> fromFile, Overrides overrides) {
        Map<String, Object> own = Tree.copy(section.asMap());
        Map<String, Object> model = Tree.copy(own);
        Map<String, Object> run = Tree.map(layered.get("model"));
        Map<String, Object> file = Tree.map(fromFile.getOrDefault("model", Map.of()));
        Map<String, Object> typed = Tree.map(overrides.values().getOrDefault("model", Map.of()));
        TAKEN.forEach(key -> {
            if (run.containsKey(key)) {
                model.put(key, run.get(key));
            } else {
                model.remove(key);
            }
        });
        TAKEN_IF_GIVEN.stream().filter(file::containsKey).forEach(key -> model.put(key, file.get(key)));
        typed.forEach((key, value) -> {
            if (!TAKEN.contains(key)) {
                Tree.assign(model, key, value);
            }
        });
        model.putIfAbsent("encoder_seq_length", model.getOrDefault("max_position_embeddings", 512L));
        noteReplaced(own, file, typed);
        return model;
    }

    private void noteReplaced(Map<String, Object> own, Map<String, Object> file, Map<String, Object> typed) {
        for (String key : Tree.leaves(typed)) {
            List<String> path = List.of(key.split("\\."));
            Object value = Tree.get(typed, path);
            Object before = Tree.get(own, path);
            if (!TAKEN.contains(path.getFirst()) && !TAKEN_IF_GIVEN.contains(path.getFirst()) && !same(value, before)) {
                notes.add("model." + key + "=" + value + " replaces the model's own " + before
                        + " (NeMo would ignore it)");
            }
        }
        List<String> ignored = Tree.leaves(file).stream()
                .filter(key -> !TAKEN.contains(key.split("\\.")[0]) && !TAKEN_IF_GIVEN.contains(key))
                .filter(key -> Tree.has(own, List.of(key.split("\\."))))
                .filter(key ->
                        !same(Tree.get(file, List.of(key.split("\\."))), Tree.get(own, List.of(key.split("\\.")))))
                .map(key -> "model." + key)
                .toList();
        if (!ignored.isEmpty()) {
            notes.add("the model's own values apply, not the --config file's (as in NeMo): "
                    + String.join(", ", ignored));
        }
    }

    private void refuseUnsupported() {
        Tree.map(keys.get("only")).forEach((key, rule) -> {
            List<String> path = List.of(key.split("\\."));
            Object value = Tree.get(tree, path);
            List<?> values = (List<?>) Tree.map(rule).get("values");
            if (Tree.has(tree, path) && values.stream().noneMatch(allowed -> same(allowed, value))) {
                throw new ConfigException(key + " is " + value + ", supported is " + values.getFirst() + ": "
                        + Tree.map(rule).get("why") + "\n  Leave the key out, or set " + key + "=" + values.getFirst()
                        + ".");
            }
        });
    }

    private void noteWithoutEffect() {
        Tree.map(keys.get("no_effect")).forEach((key, why) -> {
            List<String> path = List.of(key.split("\\."));
            Object value = Tree.get(given, path);
            if (Tree.has(given, path) && !same(value, Tree.get(defaults, path))) {
                notes.add(key + "=" + value + " has no effect here: " + why);
            }
        });
    }

    /// Equal as a person reads them: 1 and 1.0 and '1'.
    private static boolean same(Object a, Object b) {
        if (a instanceof Number x && b instanceof Number y) {
            return x.doubleValue() == y.doubleValue();
        }
        return Objects.equals(String.valueOf(a), String.valueOf(b));
    }

    private static Map<String, Object> resource(String name) {
        try (InputStream in = ConfigLayers.class.getResourceAsStream(name)) {
            return Yaml.parse(Objects.requireNonNull(in, name).readAllBytes(), name);
        } catch (IOException e) {
            throw new UncheckedIOException(
                    FilesException.reading(Path.of(name), e).getMessage(), e);
        }
    }
}
