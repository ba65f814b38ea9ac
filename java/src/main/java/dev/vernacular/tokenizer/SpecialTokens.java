package dev.vernacular.tokenizer;

import dev.vernacular.files.Utf8;
import dev.vernacular.tokenizer.Vocabulary.AddedToken;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/// Finds added tokens in text: the leftmost, and of those that start together the longest.
final class SpecialTokens {
    /// A find: token `id` stands at `[from, to)`.
    record Match(int id, int from, int to) {}

    private final int[] ids;
    private final byte[][] contents; // longest first
    private final boolean[] starts = new boolean[256];

    SpecialTokens(List<AddedToken> tokens) {
        List<AddedToken> longestFirst = tokens.stream()
                .sorted(Comparator.comparing((AddedToken t) -> -Utf8.bytes(t.content()).length))
                .toList();
        ids = longestFirst.stream().mapToInt(AddedToken::id).toArray();
        contents = longestFirst.stream().map(t -> Utf8.bytes(t.content())).toArray(byte[][]::new);
        for (byte[] content : contents) {
            starts[content[0] & 0xFF] = true;
        }
    }

    /// The first added token at or after `from`; one of id -1 at the end of the text if there is none.
    Match next(byte[] text, int from) {
        if (ids.length > 0) {
            for (int i = from; i < text.length; i++) {
                if (starts[text[i] & 0xFF]) {
                    for (int k = 0; k < ids.length; k++) {
                        int end = i + contents[k].length;
                        if (end <= text.length && Arrays.equals(contents[k], 0, contents[k].length, text, i, end)) {
                            return new Match(ids[k], i, end);
                        }
                    }
                }
            }
        }
        return new Match(-1, text.length, text.length);
    }
}
