package dev.vernacular.cli;

import dev.vernacular.train.StepListener.Step;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.OptionalDouble;

/// How long a run's steps will still take, from the latest ones: the median of what each took by itself, without
/// validations and saves. The first step, in which memory is touched and code is compiled, does not count.
final class TimeLeft {
    private static final int LATEST = 64;
    private static final int FEWEST = 5;
    private final Deque<Double> milliseconds = new ArrayDeque<>();
    private int lastStep = -1;

    void add(Step step) {
        boolean isFirst = lastStep < 0 || step.step() != lastStep + 1;
        lastStep = step.step();
        if (isFirst) {
            milliseconds.clear();
            return;
        }
        milliseconds.add(step.milliseconds());
        if (milliseconds.size() > LATEST) {
            milliseconds.remove();
        }
    }

    /// Empty until enough steps were taken to tell.
    OptionalDouble seconds(Step step) {
        if (milliseconds.size() < FEWEST) {
            return OptionalDouble.empty();
        }
        double[] sorted = milliseconds.stream().mapToDouble(ms -> ms).sorted().toArray();
        return OptionalDouble.of(sorted[sorted.length / 2] / 1e3 * (step.maxSteps() - step.step()));
    }
}
