package dev.vernacular.tokenizer;

import dev.vernacular.files.Utf8;

/// Which characters of a text its tokens cover, as Hugging Face counts: code points, the end exclusive. Tokens
/// that share the bytes of one character all cover it whole.
public final class TokenOffsets {
    private TokenOffsets() {}

    /// @param ids what `tokenizer` makes of `text`
    /// @return [ids.length][2], start and end
    public static int[][] of(Tokenizer tokenizer, String text, int[] ids) {
        byte[] utf8 = Utf8.bytes(text);
        int[][] offsets = new int[ids.length][];
        int from = 0;
        int characters = 0; // that begin before `from`
        for (int i = 0; i < ids.length; i++) {
            int to = from + tokenizer.length(ids[i]);
            int start = isContinuation(utf8[from]) ? characters - 1 : characters;
            for (int at = from; at < to; at++) {
                characters += isContinuation(utf8[at]) ? 0 : 1;
            }
            offsets[i] = new int[] {start, characters};
            from = to;
        }
        return offsets;
    }

    private static boolean isContinuation(byte b) {
        return (b & 0xC0) == 0x80;
    }
}
