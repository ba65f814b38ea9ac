package dev.vernacular.cli;

import java.util.function.Supplier;

/// Tells a person on stderr how far a command is: redrawn in place on a terminal, else a line every few
/// seconds.
final class ProgressLine {
    private static final long ON_TERMINAL_NANOS = 200_000_000L;
    private static final long ELSEWHERE_NANOS = 5_000_000_000L;

    private final boolean isTerminal = Console.isTerminal();
    private long shownAt = System.nanoTime();
    private int shownLength;

    /// Shows the text if the last one is old enough.
    void update(Supplier<String> text) {
        long age = System.nanoTime() - shownAt;
        if (age >= (isTerminal ? ON_TERMINAL_NANOS : ELSEWHERE_NANOS)) {
            show(text.get());
        }
    }

    /// Shows the text now.
    void show(String text) {
        shownAt = System.nanoTime();
        if (isTerminal) {
            System.err.print("\r" + text + " ".repeat(Math.max(0, shownLength - text.length())));
            System.err.flush();
            shownLength = text.length();
        } else {
            Console.note(text);
        }
    }

    /// Ends a redrawn line, so that what follows begins on its own.
    void end() {
        if (shownLength > 0) {
            System.err.println();
            shownLength = 0;
        }
    }
}
