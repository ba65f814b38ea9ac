package dev.vernacular.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/// The two streams of a command: results on stdout, everything for people on stderr, both UTF-8 whatever the
/// locale.
final class Console {
    private static final ObjectMapper JSON = new ObjectMapper().registerModule(FiniteNumbers.module());

    private Console() {}

    /// Makes output the same whatever the locale: UTF-8, so that Thai does not come out as question marks under
    /// `LANG=C`, and numbers with a point.
    static void ignoreLocale() {
        Locale.setDefault(Locale.Category.FORMAT, Locale.ROOT);
        System.setOut(new StandardOutput(new FileOutputStream(FileDescriptor.out)));
        System.setErr(new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8));
    }

    /// A line of a command's result.
    ///
    /// @throws OutputException if it cannot be written: nobody would see what else is computed
    static void result(String line) {
        System.out.println(line);
        StandardOutput.check(System.out);
    }

    /// A part of a line of a command's result, shown at once.
    static void piece(String text) {
        System.out.print(text);
        StandardOutput.check(System.out);
    }

    /// A command's result as one line of JSON.
    ///
    /// @param value a map or a record, keys in snake case; numbers that are not finite become null
    static void json(Object value) {
        try {
            result(JSON.writeValueAsString(value));
        } catch (JsonProcessingException e) {
            throw new AssertionError("a result that is no JSON: " + value, e);
        }
    }

    /// A line for a person: progress, a warning, a note.
    static void note(String line) {
        System.err.println(line);
    }

    /// Whether stderr is a terminal, where a progress line may be redrawn in place.
    static boolean isTerminal() {
        return System.console() != null && System.console().isTerminal();
    }
}
