package dev.vernacular.cli;

import dev.vernacular.train.StepListener;
import java.nio.file.Path;
import java.util.OptionalDouble;
import java.util.stream.Collectors;

/// A run's progress on stderr: steps in a line that moves on, validations and saved files in lines that stay.
final class TrainProgress implements StepListener {
    private final ProgressLine progress = new ProgressLine();
    private final TimeLeft timeLeft = new TimeLeft();
    private final boolean tellsFiles;
    private boolean isFirst = true;
    private int skipped;

    /// @param tellsFiles whether saved files are where they stay
    TrainProgress(boolean tellsFiles) {
        this.tellsFiles = tellsFiles;
    }

    @Override
    public void note(String line) {
        print(line);
    }

    @Override
    public void stepDone(Step step) {
        skipped += step.isSkipped() ? 1 : 0;
        timeLeft.add(step);
        if (isFirst || step.step() == step.maxSteps()) {
            progress.show(line(step));
        } else {
            progress.update(() -> line(step));
        }
        isFirst = step.step() == step.maxSteps();
    }

    @Override
    public void validated(Validated validation) {
        String bits = validation.bitsPerByte().entrySet().stream()
                .map(entry -> ", %s %.4f bits per byte".formatted(entry.getKey(), entry.getValue()))
                .collect(Collectors.joining());
        print("step %d: validation loss %.4f%s".formatted(validation.step(), validation.loss(), bits));
    }

    @Override
    public void saved(Path file) {
        if (tellsFiles) {
            print("saved " + file.getFileName());
        }
    }

    private String line(Step step) {
        OptionalDouble left = timeLeft.seconds(step);
        String overflow = step.isSkipped() ? "  skipped: overflow at scale %.0f".formatted(step.lossScale()) : "";
        String count = skipped > 0 ? "  %d skipped so far".formatted(skipped) : "";
        return "step %d/%d  loss %.4f  lr %.2e  norm %.3f  %,.0f tokens/s%s%s%s"
                .formatted(
                        step.step(),
                        step.maxSteps(),
                        step.loss(),
                        step.learningRate(),
                        step.gradientNorm(),
                        step.tokensPerSecond(),
                        left.isPresent() ? "  " + duration(left.getAsDouble()) + " left" : "",
                        overflow,
                        count);
    }

    /// `45 s`, `12 min`, `3 h 05 min`.
    static String duration(double seconds) {
        long minutes = Math.round(seconds / 60);
        if (seconds < 90) {
            return Math.round(seconds) + " s";
        }
        return minutes < 90 ? minutes + " min" : "%d h %02d min".formatted(minutes / 60, minutes % 60);
    }

    private void print(String line) {
        progress.end();
        Console.note(line);
    }
}
