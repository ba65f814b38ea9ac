package dev.vernacular.inspect;

import dev.vernacular.train.store.RunSummary;
import dev.vernacular.train.store.RunSummary.Checkpoint;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// Facts of a run folder, `nemo_experiments/<name>`.
final class RunFacts {
    private RunFacts() {}

    static Map<String, Object> of(Path path) {
        RunSummary run = RunSummary.of(path);
        Map<String, Object> facts = Inspection.start(path, "run");
        facts.put("steps", run.step());
        facts.put("max_steps", run.maxSteps().isPresent() ? run.maxSteps().getAsLong() : null);
        facts.put("finished", run.isFinished());
        facts.put("loss", run.loss().orElse(null));
        facts.put("best_val_loss", run.bestLoss().orElse(null));
        facts.put("best_checkpoint", name(run.best()));
        facts.put("last_checkpoint", name(run.last()));
        facts.put("models", run.models().stream().map(Path::toString).toList());
        facts.put("checkpoints", run.checkpoints().stream().map(RunFacts::facts).toList());
        facts.put("config", run.config());
        return facts;
    }

    private static String name(Optional<Checkpoint> checkpoint) {
        return checkpoint.map(found -> found.file().toString()).orElse(null);
    }

    private static Map<String, Object> facts(Checkpoint checkpoint) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("file", checkpoint.file().getFileName().toString());
        facts.put("step", checkpoint.step());
        facts.put("val_loss", checkpoint.validationLoss().orElse(null));
        facts.put("consumed_samples", checkpoint.consumedSamples().orElse(null));
        facts.put("last", checkpoint.isLast());
        facts.put("bytes", checkpoint.file().toFile().length());
        return facts;
    }
}
