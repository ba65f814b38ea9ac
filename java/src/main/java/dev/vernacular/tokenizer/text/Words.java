package dev.vernacular.tokenizer.text;

import java.text.BreakIterator;
import java.util.Locale;

/// Cuts text into words as the JDK's [BreakIterator] does, with its dictionary for Thai; spaces and punctuation
/// are words too. One thread at a time.
///
/// The dictionary's search is quadratic in a run of letters that holds no known word, so text is shown to it
/// through a window; words near the window's end, which what follows might change, are looked at again in the
/// next one.
public final class Words {
    private static final int WINDOW = 512;
    private static final int MARGIN = 64;

    /// Receives one word of the text, `[from, to)`.
    @FunctionalInterface
    public interface Visitor {
        void visit(int from, int to);
    }

    private final BreakIterator iterator;

    public Words(Locale language) {
        iterator = BreakIterator.getWordInstance(language);
    }

    /// Visits the words of `text` from left to right; together they are the whole text.
    public void forEach(String text, Visitor visitor) {
        int from = 0;
        while (from < text.length()) {
            int end = Math.min(text.length(), from + WINDOW);
            if (end < text.length() && Character.isHighSurrogate(text.charAt(end - 1))) {
                end++;
            }
            int certain = end == text.length() ? end : end - MARGIN;
            iterator.setText(text.substring(from, end));
            from = visit(visitor, from, certain);
        }
    }

    /// Visits the first word of the window at `start`, and all that end at `certain` or before.
    ///
    /// @return where the words visited end
    private int visit(Visitor visitor, int start, int certain) {
        int from = start;
        for (int word = iterator.next(); word != BreakIterator.DONE; word = iterator.next()) {
            int to = start + word;
            if (from > start && to > certain) {
                break;
            }
            visitor.visit(from, to);
            from = to;
        }
        return from;
    }
}
