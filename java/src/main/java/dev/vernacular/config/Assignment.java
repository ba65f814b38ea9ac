package dev.vernacular.config;

import java.util.List;

/// One `key=value` of a command line, parsed.
///
/// @param path  the key's segments
/// @param value null, Boolean, Long, Double, String (interpolations still inside), List or Map; with
///              [Kind#DELETE] the value that must be there, when `hasValue`
/// @param text  as it was typed, for messages
record Assignment(Kind kind, List<String> path, Object value, boolean hasValue, String text) {
    /// What an override may do to its key.
    enum Kind {
        /// `key=value`: the key is there.
        SET,
        /// `+key=value`: the key is new.
        ADD,
        /// `++key=value`: either.
        FORCE,
        /// `~key`, `~key=value`.
        DELETE
    }

    Assignment {
        path = List.copyOf(path);
    }

    /// The dotted key.
    String key() {
        return String.join(".", path);
    }
}
