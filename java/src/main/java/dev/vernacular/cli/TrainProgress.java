package dev.vernacular.cli;

import dev.vernacular.train.StepListener;
import java.nio.file.Path;
import java.util.Locale;
import java.util.stream.Collectors;

/// A run's progress on stderr: one line that is redrawn on a terminal, else a plain line every few seconds.
final class TrainProgress implements StepListener {
    private static final long PLAIN_NANOS = 5_000_000_000L;
    private static final long REDRAWN_NANOS = 100_000_000L;
    private static final String START_OF_LINE = "\r\033[K";
    private final boolean isTerminal = Console.isTerminal();
    private final long start = System.nanoTime();
    private long shown = start - PLAIN_NANOS;
    private int firstStep = -1;
    private boolean isLineOpen;

    @Override
    public void note(String line) {
        print(line);
    }

    @Override
    public void stepDone(Step step) {
        firstStep = firstStep < 0 ? step.step() - 1 : firstStep;
        long now = System.nanoTime();
        boolean isDue = now - shown >= (isTerminal ? REDRAWN_NANOS : PLAIN_NANOS);
        if (!isDue && step.step() < step.maxSteps()) {
            return;
        }
        shown = now;
        String line = line(step, (now - start) / 1e9);
        if (isTerminal) {
            System.err.print(START_OF_LINE + line);
            isLineOpen = true;
        } else {
            Console.note(line);
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
        String scale = step.isSkipped() ? String.format(Locale.ROOT, "  overflow at scale %.0f, skipped", step.lossScale()) : "";
        return String.format(
                Locale.ROOT,
                "step %d/%d  loss %.4f  lr %.2e  norm %.3f  %,.0f tokens/s  %s left%s",
                step.step(),
                step.maxSteps(),
                step.loss(),
                step.learningRate(),
                step.gradientNorm(),
                step.tokensPerSecond(),
                duration(left),
                scale);
    }

    /// `45 s`, `12 min`, `3 h 05 min`.
    static String duration(double seconds) {
        long whole = Math.round(seconds);
        if (whole < 90) {
            return whole + " s";
        }
        long minutes = Math.round(seconds / 60);
        return minutes < 90 ? minutes + " min" : "%d h %02d min".formatted(minutes / 60, minutes % 60);
    }

    private void print(String line) {
        if (isLineOpen) {
            System.err.println();
            isLineOpen = false;
        }
        Console.note(line);
    }
}
