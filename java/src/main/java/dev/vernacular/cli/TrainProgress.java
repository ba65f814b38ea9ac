package dev.vernacular.cli;

import dev.vernacular.train.StepListener;
import java.nio.file.Path;
import java.util.stream.Collectors;

/// A run's progress on stderr: steps in a line that moves on, validations and saved files in lines that stay.
final class TrainProgress implements StepListener {
    private final ProgressLine progress = new ProgressLine();
    private final long start = System.nanoTime();
    private int firstStep = -1;
    private int skipped;

    @Override
    public void note(String line) {
        print(line);
    }

    @Override
    public void stepDone(Step step) {
        boolean isFirst = firstStep < 0;
        firstStep = isFirst ? step.step() - 1 : firstStep;
        skipped += step.isSkipped() ? 1 : 0;
        double elapsed = (System.nanoTime() - start) / 1e9;
        if (isFirst || step.step() == step.maxSteps()) {
            progress.show(line(step, elapsed));
        } else {
            progress.update(() -> line(step, elapsed));
        }
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
        print("saved " + file);
    }

    private String line(Step step, double elapsed) {
        double left = elapsed / (step.step() - firstStep) * (step.maxSteps() - step.step());
        String overflow = step.isSkipped() ? "  skipped: overflow at scale %.0f".formatted(step.lossScale()) : "";
        String count = skipped > 0 ? "  %d skipped so far".formatted(skipped) : "";
        return "step %d/%d  loss %.4f  lr %.2e  norm %.3f  %,.0f tokens/s  %s left%s%s"
                .formatted(
                        step.step(),
                        step.maxSteps(),
                        step.loss(),
                        step.learningRate(),
                        step.gradientNorm(),
                        step.tokensPerSecond(),
                        duration(left),
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
