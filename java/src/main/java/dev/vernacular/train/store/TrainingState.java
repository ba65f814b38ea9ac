package dev.vernacular.train.store;

import java.util.List;

/// Where a run is: with the weights and the moments, all that the next step depends on. Data order and dropout
/// are functions of the seed and of the number of the sample, so there is no generator to save.
///
/// @param step              optimizer steps done, skipped ones included
/// @param updates           of them, those that changed the weights
/// @param consumedSamples   the next sample's number
/// @param consumedPerSource how many of them came from each dataset; empty if that is not known
/// @param validationLoss    the last one; NaN before the first
public record TrainingState(
        int step,
        long updates,
        long consumedSamples,
        List<Long> consumedPerSource,
        Scale scale,
        double validationLoss) {
    /// The loss scale.
    ///
    /// @param goodSteps since it last changed, or since an overflow
    /// @param patience  overflows left before it is halved
    public record Scale(float value, int goodSteps, int patience) {}

    public TrainingState {
        consumedPerSource = List.copyOf(consumedPerSource);
    }
}
