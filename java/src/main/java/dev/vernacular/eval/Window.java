package dev.vernacular.eval;

import java.util.ArrayList;
import java.util.List;

/// A part of a token sequence that a model sees at once: it reads tokens `start .. end - 1` and predicts those
/// one place further, of which `firstTarget .. end` count.
///
/// @param sequence number of the sequence
/// @param tokens   the whole sequence
record Window(int sequence, int[] tokens, int start, int end, int firstTarget) {
    /// The windows of a sequence, each beginning half a context after the one before; every token but the first
    /// counts once, where it has the most context.
    static List<Window> over(int sequence, int[] tokens, int context) {
        List<Window> windows = new ArrayList<>();
        int last = tokens.length - 1;
        int stride = Math.max(1, context / 2);
        int start = 0;
        int seen = 0;
        while (seen < last) {
            int end = Math.min(start + context, last);
            windows.add(new Window(sequence, tokens, start, end, seen + 1));
            seen = end;
            start += stride;
        }
        return windows;
    }

    /// Tokens read.
    int length() {
        return end - start;
    }

    /// What the model is to predict after reading its token `i`; -1 if that counts elsewhere.
    int label(int i) {
        int target = start + i + 1;
        return target < firstTarget ? -1 : tokens[target];
    }
}
