package dev.vernacular.data.text;

/// What became of one line of the input.
sealed interface LineOutcome {
    /// A document's ids, one array for each key.
    record Encoded(int[][] ids, Digest digest, int malformed) implements LineOutcome {}

    /// A line with nothing but white space.
    record Blank() implements LineOutcome {}

    /// A line that is no document.
    ///
    /// @param message with `file:line`
    record Bad(String message) implements LineOutcome {}
}
