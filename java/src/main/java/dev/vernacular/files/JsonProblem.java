package dev.vernacular.files;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;

/// What Jackson found wrong, without the notes about its own settings that it adds to places.
public final class JsonProblem {
    private JsonProblem() {}

    /// One line: `Unexpected character ('}' (code 125)) at line 3, column 7`.
    public static String describe(JsonProcessingException e) {
        return what(e) + place(e);
    }

    /// ` at line 3, column 7`; empty if it is not known.
    public static String place(JsonProcessingException e) {
        JsonLocation at = e.getLocation();
        return at == null ? "" : " at line " + at.getLineNr() + ", column " + at.getColumnNr();
    }

    /// As [#describe], without the place.
    public static String what(JsonProcessingException e) {
        return e.getOriginalMessage()
                .lines()
                .findFirst()
                .orElse("it cannot be read")
                .replaceAll("\\[Source:[^;\\]]*; ([^\\]]*)]", "$1")
                .replaceAll(", from `[^`]*`", "");
    }
}
