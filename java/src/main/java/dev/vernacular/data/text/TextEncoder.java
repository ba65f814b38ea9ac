package dev.vernacular.data.text;

/// Text to token ids, such as `tokenizer::encode`. Called from several threads at once.
@FunctionalInterface
public interface TextEncoder {
    int[] encode(String text);
}
