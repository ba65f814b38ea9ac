package dev.vernacular.train;

import java.nio.file.Path;
import java.util.Map;

/// Hears what a run does, in the order in which it does it, on the run's thread. What it throws ends the run at
/// once, without saving.
public interface StepListener {
    /// Does nothing.
    StepListener SILENT = new StepListener() {};

    /// An optimizer step.
    ///
    /// @param step            steps done, this one included
    /// @param maxSteps        steps in all
    /// @param loss            mean over the step's micro-batches, nats a token
    /// @param learningRate    of this step
    /// @param gradientNorm    before clipping; not finite in a skipped step
    /// @param lossScale       1 except in float16
    /// @param isSkipped       gradients overflowed, and the weights stayed
    /// @param consumedSamples by the whole run so far
    record Step(
            int step,
            int maxSteps,
            double loss,
            double learningRate,
            double gradientNorm,
            double lossScale,
            boolean isSkipped,
            long consumedSamples,
            double tokensPerSecond,
            double milliseconds) {}

    /// A validation.
    ///
    /// @param loss        mean over micro-batches, nats a token
    /// @param bitsPerByte by language; empty where bytes or languages are not known
    record Validated(int step, double loss, Map<String, Double> bitsPerByte) {}

    /// A line for a person: where the run starts, a warning, why it stops.
    default void note(String line) {}

    default void stepDone(Step step) {}

    default void validated(Validated validation) {}

    default void saved(Path file) {}

    /// This one first, then `next`.
    default StepListener and(StepListener next) {
        return new Both(this, next);
    }

    /// See [#and].
    record Both(StepListener first, StepListener second) implements StepListener {
        @Override
        public void note(String line) {
            first.note(line);
            second.note(line);
        }

        @Override
        public void stepDone(Step step) {
            first.stepDone(step);
            second.stepDone(step);
        }

        @Override
        public void validated(Validated validation) {
            first.validated(validation);
            second.validated(validation);
        }

        @Override
        public void saved(Path file) {
            first.saved(file);
            second.saved(file);
        }
    }
}
