package dev.vernacular.eval;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// English to measure an English base model on when no text of its language is given.
public final class BaseText {
    private BaseText() {}

    /// Documents of plain prose.
    public static List<String> english() {
        try (InputStream in = BaseText.class.getResourceAsStream("english.txt")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
