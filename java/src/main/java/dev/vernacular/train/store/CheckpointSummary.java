package dev.vernacular.train.store;

import dev.vernacular.checkpoint.torch.TorchFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What a `.ckpt` holds beside the weights, ours or NeMo's, without reading a tensor.
///
/// @param step             optimizer steps done
/// @param consumedSamples  as the file says, or else its name
/// @param validationLoss   as the name says
/// @param moments          parameters with AdamW's moments, 0 without an optimizer
/// @param schedulers       learning-rate schedules
/// @param schedulerStep    updates that the first has seen
/// @param lossScale        of float16 training
/// @param lightningVersion that wrote it
public record CheckpointSummary(
        long step,
        Optional<Long> consumedSamples,
        Optional<Double> validationLoss,
        int moments,
        int schedulers,
        Optional<Long> schedulerStep,
        Optional<Double> lossScale,
        Optional<String> lightningVersion) {

    /// Empty for a file of weights alone, such as `model_weights.ckpt`.
    ///
    /// @throws dev.vernacular.VernacularException if it is no torch file, or damaged
    public static Optional<CheckpointSummary> of(Path file) {
        try (TorchFile content = TorchFile.open(file)) {
            Map<?, ?> root = content.dictionary();
            return root.get("state_dict") instanceof Map<?, ?> ? Optional.of(of(file, root)) : Optional.empty();
        }
    }

    private static CheckpointSummary of(Path file, Map<?, ?> root) {
        Map<?, ?> optimizer = firstOf(root.get("optimizer_states"));
        Map<?, ?> scheduler = firstOf(root.get("lr_schedulers"));
        Map<?, ?> scaler = map(root.get(CheckpointWriter.SCALER));
        return new CheckpointSummary(
                number(root, "global_step").map(Number::longValue).orElse(0L),
                number(map(root.get(CheckpointWriter.OURS)), "consumed_samples")
                        .map(Number::longValue)
                        .or(() -> CheckpointName.consumedSamples(file)),
                CheckpointName.validationLoss(file),
                map(optimizer.get("state")).size(),
                root.get("lr_schedulers") instanceof List<?> all ? all.size() : 0,
                number(scheduler, "last_epoch").map(Number::longValue),
                number(scaler, "scale").map(Number::doubleValue),
                Optional.ofNullable(root.get("pytorch-lightning_version")).map(Object::toString));
    }

    private static Map<?, ?> firstOf(Object list) {
        return list instanceof List<?> items && !items.isEmpty() ? map(items.getFirst()) : Map.of();
    }

    private static Map<?, ?> map(Object value) {
        return value instanceof Map<?, ?> map ? map : Map.of();
    }

    private static Optional<Number> number(Map<?, ?> map, String key) {
        return map.get(key) instanceof Number number ? Optional.of(number) : Optional.empty();
    }
}
