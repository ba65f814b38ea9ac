package dev.vernacular.data.text;

import dev.vernacular.data.DataException;
import java.util.ArrayList;
import java.util.List;

/// Counts lines that are no documents, and gives up when there are more than allowed.
final class BadLines {
    private static final int SHOWN = 10;

    private final long allowed;
    private final List<String> first = new ArrayList<>();
    private long count;

    /// @param allowed `--max-bad-lines`
    BadLines(long allowed) {
        this.allowed = allowed;
    }

    /// @param message with `file:line`
    /// @throws DataException if there are now more than allowed, with the first of them
    void add(String message) {
        count++;
        if (first.size() < SHOWN) {
            first.add(message);
        }
        if (count > allowed) {
            throw new DataException(String.join("\n", first)
                    + (allowed == 0
                            ? "\n  Mend the line, or skip such lines: --max-bad-lines N"
                            : "\n  That is more than --max-bad-lines " + allowed + " (" + count + " so far)."));
        }
    }

    long count() {
        return count;
    }

    /// The first few messages.
    List<String> first() {
        return List.copyOf(first);
    }
}
