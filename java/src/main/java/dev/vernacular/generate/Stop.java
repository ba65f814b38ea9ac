package dev.vernacular.generate;

import java.util.Locale;

/// Why a text ends.
public enum Stop {
    /// As many tokens as were asked for.
    LENGTH,
    /// The model chose `<|endoftext|>`.
    END_OF_TEXT,
    /// An end string was reached.
    END_STRING;

    /// `length`, `end_of_text`, `end_string`.
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
