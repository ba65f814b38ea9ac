package dev.vernacular.data.text;

import java.util.List;

/// How far preprocessing is, or what it came to.
///
/// @param documents  lines that were documents, copies not counted
/// @param empty      documents among them without a token in any key, which leave no trace
/// @param tokens     written, all keys together
/// @param copies     documents skipped because they equal an earlier one
/// @param blankLines lines of white space, skipped
/// @param badLines   lines that were no documents, skipped
/// @param firstBad   messages of the first of those
/// @param malformed  sequences of invalid UTF-8 that became U+FFFD
/// @param bytesRead  of the input as stored
/// @param bytesTotal of the input as stored
/// @param seconds    since the start
public record PreprocessCounts(
        long documents,
        long empty,
        long tokens,
        long copies,
        long blankLines,
        long badLines,
        List<String> firstBad,
        long malformed,
        long bytesRead,
        long bytesTotal,
        double seconds) {
    /// Megabytes (10⁶ bytes) of stored input a second.
    public double megabytesPerSecond() {
        return seconds > 0 ? bytesRead / seconds / 1e6 : 0;
    }

    /// At the present speed.
    public double secondsLeft() {
        return bytesRead > 0 ? seconds * (bytesTotal - bytesRead) / bytesRead : 0;
    }
}
