package dev.vernacular.train;

import dev.vernacular.config.RunConfig.Schedule;

/// NeMo's CosineAnnealing: linear warm-up over W updates, then half a cosine from `peak` down to `floor`
/// (Loshchilov & Hutter 2017, eq. 5). With k updates done, C constant steps and M in all:
///
/// ```
/// C = 0   k <= W   peak (k + 1) / (W + 1)        C > 0   k <= W       peak k / W
///         k >  M   floor                                 k >  M - C   floor
///         else     floor + (peak - floor) (1 + cos(pi (k - W) / (M - C - W))) / 2
/// ```
///
/// The two warm-ups differ as they do in NeMo: with constant steps the first update has learning rate 0.
public record CosineAnnealing(double peak, double floor, long warmupSteps, long constantSteps, long maxSteps) {

    public static CosineAnnealing of(Schedule schedule, double peak) {
        return new CosineAnnealing(
                peak,
                schedule.minLearningRate(),
                schedule.warmupSteps(),
                schedule.constantSteps(),
                schedule.maxSteps());
    }

    /// The learning rate of the update after `updates` others.
    public double at(long updates) {
        if (updates <= warmupSteps && warmupSteps > 0) {
            return constantSteps > 0 ? peak * updates / warmupSteps : peak * (updates + 1) / (warmupSteps + 1);
        }
        if (updates > maxSteps - constantSteps) {
            return floor;
        }
        double decaySteps = maxSteps - constantSteps - warmupSteps;
        double progress = decaySteps > 0 ? (updates - warmupSteps) / decaySteps : 1;
        return floor + (peak - floor) * 0.5 * (1 + Math.cos(Math.PI * progress));
    }
}
