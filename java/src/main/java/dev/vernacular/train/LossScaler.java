package dev.vernacular.train;

import dev.vernacular.config.RunConfig.Scaling;
import dev.vernacular.train.store.TrainingState.Scale;

/// The loss scale of float16 training (Micikevicius et al. 2018, section 3.2), with NeMo's rules: it grows by
/// two after `growthInterval` good steps in a row; a step whose gradients overflow is skipped, and from the
/// `hysteresis`-th skipped step in a row on each halves the scale. A good step renews the patience.
///
/// A scaler is immutable: [#after] gives the next.
///
/// @param scale          what the loss is multiplied by; 1 where there is nothing to scale
/// @param goodSteps      good steps since the last growth or overflow
/// @param patience       overflows left before the scale is halved
/// @param growthInterval 0 for a scale that never changes
public record LossScaler(float scale, int goodSteps, int patience, int growthInterval, int hysteresis) {
    private static final float LARGEST = 0x1p126f;
    private static final float SMALLEST = 0x1p-126f;

    /// For precisions whose gradients do not underflow.
    public static LossScaler none() {
        return new LossScaler(1f, 0, 0, 0, 0);
    }

    public static LossScaler starting(Scaling scaling) {
        return resumed(scaling, new Scale((float) scaling.initialScale(), 0, scaling.hysteresis()));
    }

    /// The scaler that a checkpoint holds.
    public static LossScaler resumed(Scaling scaling, Scale saved) {
        return new LossScaler(
                saved.value(), saved.goodSteps(), saved.patience(), scaling.growthInterval(), scaling.hysteresis());
    }

    /// What a checkpoint has to hold.
    public Scale saved() {
        return new Scale(scale, goodSteps, patience);
    }

    public boolean isDynamic() {
        return growthInterval > 0;
    }

    /// The scaler for the next step.
    ///
    /// @param isOverflow this step's gradients were not finite, and it was skipped
    public LossScaler after(boolean isOverflow) {
        if (!isDynamic()) {
            return this;
        }
        if (isOverflow) {
            float next = patience - 1 <= 0 ? Math.max(SMALLEST, scale / 2) : scale;
            return new LossScaler(next, 0, patience - 1, growthInterval, hysteresis);
        }
        boolean grows = goodSteps + 1 == growthInterval;
        return new LossScaler(
                grows ? Math.min(LARGEST, scale * 2) : scale,
                grows ? 0 : goodSteps + 1,
                hysteresis,
                growthInterval,
                hysteresis);
    }
}
