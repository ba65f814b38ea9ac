package dev.vernacular.generate;

import dev.vernacular.files.LineReader;
import dev.vernacular.files.TextLine;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Token ids as text: one sequence a line, decimal, with spaces or commas between.
public final class IdLines {
    private IdLines() {}

    /// The sequences of a file; a blank line is an empty one.
    ///
    /// @throws GenerateException if something is no id, with `file:line`
    public static List<int[]> read(Path file) {
        List<int[]> sequences = new ArrayList<>();
        try (LineReader lines = LineReader.open(file)) {
            lines.forEach(line -> sequences.add(parse(line)));
        }
        return sequences;
    }

    /// The ids of one line.
    ///
    /// @throws GenerateException if something is no id, with `file:line`
    public static int[] parse(TextLine line) {
        String text = line.text().strip();
        if (text.isEmpty()) {
            return new int[0];
        }
        String[] words = text.split("[\\s,]+");
        int[] ids = new int[words.length];
        for (int i = 0; i < words.length; i++) {
            ids[i] = id(words[i], line);
        }
        return ids;
    }

    private static int id(String word, TextLine line) {
        try {
            int id = Integer.parseInt(word);
            if (id >= 0) {
                return id;
            }
        } catch (NumberFormatException tooLargeOrNoNumber) {
            // refused below, as a negative one is
        }
        throw new GenerateException(line.where() + ": '" + word
                + "' is no token id\n  A line is one sequence of decimal ids with spaces between.");
    }
}
