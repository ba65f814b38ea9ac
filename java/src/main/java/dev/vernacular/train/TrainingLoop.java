package dev.vernacular.train;

import dev.vernacular.config.RunConfig;
import dev.vernacular.data.SampleSource;
import dev.vernacular.model.Precision;
import dev.vernacular.train.StepListener.Step;
import dev.vernacular.train.StepListener.Validated;
import dev.vernacular.train.store.TrainingState;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/// Steps until `max_steps`, with a validation and a checkpoint after every `val_check_interval` of them and at
/// the end.
///
/// A step whose gradients overflow in float16 is skipped: the learning rate's schedule stays, the samples are
/// used up. Any other number that is not finite ends the run.
final class TrainingLoop {
    /// Where float16 gradients overflow even at this scale, scaling is not the cause.
    private static final float HOPELESS_SCALE = 0x1p-20f;

    private final RunConfig config;
    private final SampleSource samples;
    private final StepRunner runner;
    private final Optional<Validation> validation;
    private final CheckpointSaver saver;
    private final StepListener listener;
    private TrainingState state;
    private LossScaler scaler;
    private int savedStep;
    private double loss = Double.NaN;
    private int done;
    private int skipped;

    TrainingLoop(
            RunConfig config,
            SampleSource samples,
            StepRunner runner,
            Optional<Validation> validation,
            CheckpointSaver saver,
            StepListener listener,
            TrainingState state) {
        this.config = config;
        this.samples = samples;
        this.runner = runner;
        this.validation = validation.filter(some -> !some.isEmpty());
        this.saver = saver;
        this.listener = listener;
        this.state = state;
        savedStep = state.step();
        scaler = config.trainer().precision() == Precision.FP16
                ? LossScaler.resumed(config.scaling(), state.scale())
                : LossScaler.none();
    }

    TrainingState state() {
        return state;
    }

    /// Of the last step; NaN before the first.
    double loss() {
        return loss;
    }

    /// @param isStopped   asked between steps; when it says so the state is saved and this returns
    /// @param isValidated whether the validation that follows the last step, if one does, is done
    void run(BooleanSupplier isStopped, boolean isValidated) {
        int maxSteps = config.trainer().maxSteps();
        if (state.step() > 0 && isValidationDue() && !isValidated) {
            validateAndSave(isStopped);
        }
        while (state.step() < maxSteps && !isStopped.getAsBoolean()) {
            step(maxSteps);
            saver.look();
            if (isValidationDue()) {
                validateAndSave(isStopped);
            }
        }
        if (savedStep < state.step()) {
            save(false);
        }
        saver.finish();
        if (skipped > 0) {
            listener.note(skippedSteps());
        }
    }

    private String skippedSteps() {
        String scale = "%.0f".formatted(scaler.scale());
        return skipped < done
                ? skipped + " of " + done + " steps skipped: gradients overflowed (loss scale now " + scale + ")"
                : "warning: nothing was learned: gradients overflowed in all " + done + " steps, which were skipped"
                        + "\n  The loss scale falls at each overflow and is " + scale
                        + " now. Train for more steps, set a"
                        + " lower model.native_amp_init_scale, or trainer.precision=bf16.";
    }

    private boolean isValidationDue() {
        return state.step() % config.trainer().valCheckInterval() == 0
                || state.step() == config.trainer().maxSteps();
    }

    private void step(int maxSteps) {
        long start = System.nanoTime();
        double learningRate = learningRate(state.updates());
        long first = state.consumedSamples();
        StepRunner.Outcome outcome = runner.run(first, learningRate, scaler.scale(), state.updates());
        requireFinite(outcome, first);
        float usedScale = scaler.scale();
        scaler = scaler.after(outcome.isSkipped());
        state = new TrainingState(
                state.step() + 1,
                state.updates() + (outcome.isSkipped() ? 0 : 1),
                first + config.batch().global(),
                consumedPerSource(first),
                scaler.saved(),
                state.validationLoss());
        loss = outcome.loss();
        done++;
        skipped += outcome.isSkipped() ? 1 : 0;
        double milliseconds = (System.nanoTime() - start) / 1e6;
        double tokens = (double) config.batch().global() * config.data().sequenceLength();
        listener.stepDone(new Step(
                state.step(),
                maxSteps,
                loss,
                learningRate,
                outcome.gradientNorm(),
                usedScale,
                outcome.isSkipped(),
                state.consumedSamples(),
                tokens / milliseconds * 1000,
                milliseconds));
    }

    private double learningRate(long updates) {
        double peak = config.optimizer().learningRate();
        return config.optimizer()
                .schedule()
                .map(schedule -> CosineAnnealing.of(schedule, peak).at(updates))
                .orElse(peak);
    }

    private List<Long> consumedPerSource(long first) {
        List<Long> counts = new ArrayList<>(state.consumedPerSource());
        for (long sample = first; sample < first + config.batch().global(); sample++) {
            int source = samples.sourceOf(sample);
            counts.set(source, counts.get(source) + 1);
        }
        return counts;
    }

    private void validateAndSave(BooleanSupplier isStopped) {
        Optional<Validated> validated = validation.flatMap(some -> some.run(state.step(), isStopped));
        if (validated.isEmpty() && validation.isPresent()) {
            return;
        }
        validated.ifPresent(result -> {
            if (!Double.isFinite(result.loss())) {
                throw failure("the validation loss is " + result.loss());
            }
            state = new TrainingState(
                    state.step(),
                    state.updates(),
                    state.consumedSamples(),
                    state.consumedPerSource(),
                    state.scale(),
                    result.loss());
            listener.validated(result);
        });
        save(validated.isPresent());
    }

    private void save(boolean isValidated) {
        saver.save(state, isValidated, learningRate(state.updates()));
        savedStep = state.step();
    }

    private void requireFinite(StepRunner.Outcome outcome, long first) {
        boolean isScaling = scaler.isDynamic() && scaler.scale() > HOPELESS_SCALE;
        if (!Double.isFinite(outcome.loss())) {
            throw failure("the loss is " + outcome.loss() + samples(first));
        }
        if (outcome.isSkipped() && !isScaling) {
            throw failure("the gradient's norm is " + outcome.gradientNorm()
                    + (scaler.isDynamic() ? " even at a loss scale of " + scaler.scale() : "") + samples(first));
        }
    }

    private String samples(long first) {
        return ", on samples " + first + " to " + (first + config.batch().global() - 1);
    }

    private String advice() {
        return config.trainer().precision() == Precision.FP16
                ? "A lower model.optim.lr, a longer warm-up, or trainer.precision=bf16 instead of 16 may help."
                : "A lower model.optim.lr or a longer warm-up may help.";
    }

    private TrainException failure(String what) {
        saver.finish();
        return TrainException.failure("step " + (state.step() + 1) + ": " + what + "; " + runner.describeNonFinite()
                + "\n  " + saver.lastGood()
                + "\n  " + advice());
    }
}
