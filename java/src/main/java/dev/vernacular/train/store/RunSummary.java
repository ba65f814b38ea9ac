package dev.vernacular.train.store;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vernacular.config.Yaml;
import dev.vernacular.files.FilesException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;

/// Where a run is, from its folder: ours, or one of NeMo, which has neither `config.yaml` nor `metrics.jsonl`.
///
/// @param config      as it was resolved; `hparams.yaml`'s model section alone where there is no more; else empty
/// @param step        the last in `metrics.jsonl`, or of a checkpoint's name
/// @param maxSteps    that the configuration asks for
/// @param loss        of the last step
/// @param bestLoss    lowest validation loss, in `metrics.jsonl` or in a checkpoint's name
/// @param checkpoints oldest first
/// @param models      `.nemo` files that it saved
public record RunSummary(
        Map<String, Object> config,
        long step,
        OptionalLong maxSteps,
        Optional<Double> loss,
        Optional<Double> bestLoss,
        List<Checkpoint> checkpoints,
        List<Path> models) {
    private static final String CHECKPOINTS = "checkpoints";

    /// A file of `checkpoints/`, as its name describes it.
    ///
    /// @param step   -1 if the name does not say
    /// @param isLast the newest, to resume from
    public record Checkpoint(
            Path file, int step, Optional<Double> validationLoss, Optional<Long> consumedSamples, boolean isLast) {
        private static Checkpoint of(Path file) {
            return new Checkpoint(
                    file,
                    CheckpointName.step(file),
                    CheckpointName.validationLoss(file),
                    CheckpointName.consumedSamples(file),
                    CheckpointName.isLast(file));
        }
    }

    public static boolean isRun(Path path) {
        return Files.isDirectory(path.resolve(CHECKPOINTS)) || Files.isRegularFile(path.resolve("metrics.jsonl"));
    }

    public static RunSummary of(Path run) {
        Map<String, Object> config = config(run);
        List<Checkpoint> checkpoints = find(run, CheckpointName.SUFFIX).stream()
                .map(Checkpoint::of)
                .sorted(Comparator.comparingInt(Checkpoint::step).thenComparing(Checkpoint::isLast))
                .toList();
        Metrics metrics = Metrics.of(new RunFolder(run).metrics());
        int saved =
                checkpoints.isEmpty() ? 0 : Math.max(0, checkpoints.getLast().step());
        return new RunSummary(
                config,
                metrics.step().orElse(saved),
                maxSteps(config),
                metrics.loss(),
                metrics.bestLoss().or(() -> best(checkpoints).flatMap(Checkpoint::validationLoss)),
                checkpoints,
                find(run, ".nemo"));
    }

    /// It has done all the steps it was asked for.
    public boolean isFinished() {
        return maxSteps.isPresent() && step >= maxSteps.getAsLong();
    }

    /// The checkpoint with the lowest validation loss.
    public Optional<Checkpoint> best() {
        return best(checkpoints);
    }

    private static Optional<Checkpoint> best(List<Checkpoint> checkpoints) {
        return checkpoints.stream()
                .filter(checkpoint -> checkpoint.validationLoss().isPresent())
                .min(Comparator.comparingDouble(
                        checkpoint -> checkpoint.validationLoss().get()));
    }

    /// What a run resumes from.
    public Optional<Checkpoint> last() {
        return checkpoints.isEmpty() ? Optional.empty() : Optional.of(checkpoints.getLast());
    }

    private static Map<String, Object> config(Path run) {
        for (String name : List.of("config.yaml", "hparams.yaml")) {
            if (Files.isRegularFile(run.resolve(name))) {
                return Yaml.read(run.resolve(name));
            }
        }
        return Map.of();
    }

    private static OptionalLong maxSteps(Map<String, Object> config) {
        return config.get("trainer") instanceof Map<?, ?> trainer && trainer.get("max_steps") instanceof Number steps
                ? OptionalLong.of(steps.longValue())
                : OptionalLong.empty();
    }

    private static List<Path> find(Path run, String ending) {
        Path folder = new RunFolder(run).checkpoints();
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(folder, 2)) { // mp_rank_00/ holds the parts of parallel ranks
            return files.filter(file -> file.toString().endsWith(ending) && Files.isRegularFile(file))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw FilesException.reading(folder, e);
        }
    }

    /// What `metrics.jsonl` says; a line that a kill has cut is passed over.
    private record Metrics(OptionalLong step, Optional<Double> loss, Optional<Double> bestLoss) {
        private static Metrics of(Path file) {
            Metrics metrics = new Metrics(OptionalLong.empty(), Optional.empty(), Optional.empty());
            if (!Files.isRegularFile(file)) {
                return metrics;
            }
            ObjectMapper json = new ObjectMapper();
            try (Stream<String> lines = Files.lines(file)) {
                for (String line : (Iterable<String>) lines.filter(whole -> whole.endsWith("}"))::iterator) {
                    metrics = metrics.and(json.readTree(line));
                }
                return metrics;
            } catch (IOException e) {
                throw FilesException.reading(file, e);
            }
        }

        private Metrics and(JsonNode line) {
            Optional<Double> validation = number(line, "val_loss");
            return line.has("loss")
                    ? new Metrics(OptionalLong.of(line.path("step").asLong()), number(line, "loss"), bestLoss)
                    : new Metrics(
                            step,
                            loss,
                            bestLoss.filter(best -> validation.orElse(best) >= best)
                                    .or(() -> validation));
        }

        private static Optional<Double> number(JsonNode line, String key) {
            return Optional.of(line.path(key)).filter(JsonNode::isNumber).map(JsonNode::asDouble);
        }
    }
}
