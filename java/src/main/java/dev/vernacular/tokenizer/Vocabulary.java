package dev.vernacular.tokenizer;

import dev.vernacular.tokenizer.pieces.PreTokenizer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// What the files of a byte-level BPE tokenizer say, read and checked: each merge's parts and product have an
/// id, each of the 256 bytes has a token, no id and no token stands twice.
///
/// @param tokens       the tokens as the files spell them ([ByteAlphabet]; added tokens as they are), the index
///                     is the id
/// @param merges       in order of rank
/// @param added        tokens recognised in text before any merge, in order of id; `<|endoftext|>` is the usual
///                     one
/// @param preTokenizer how text is cut before merging
public record Vocabulary(List<String> tokens, List<Merge> merges, List<AddedToken> added, PreTokenizer preTokenizer) {
    public static final String END_OF_TEXT = "<|endoftext|>";

    /// Two adjacent tokens that become one.
    public record Merge(String left, String right) {
        public String product() {
            return left.concat(right);
        }
    }

    /// A token recognised in text as it stands.
    ///
    /// @param special whether a reader may leave it out when showing text
    public record AddedToken(int id, String content, boolean special) {}

    public Vocabulary {
        tokens = List.copyOf(tokens);
        merges = List.copyOf(merges);
        added = List.copyOf(added);
        Map<String, Integer> ids = ids(tokens);
        for (int b = 0; b < 256; b++) {
            String spelled = String.valueOf(ByteAlphabet.character(b));
            if (!ids.containsKey(spelled)) {
                throw new TokenizerException("no token for byte 0x%02X ('%s'): the vocabulary is not a byte-level BPE's"
                        .formatted(b, spelled));
            }
        }
        for (int rank = 0; rank < merges.size(); rank++) {
            require(ids, merges.get(rank), rank);
        }
    }

    /// Token → id.
    public Map<String, Integer> ids() {
        return ids(tokens);
    }

    /// The same tokens and merges with text cut another way.
    public Vocabulary with(PreTokenizer other) {
        return new Vocabulary(tokens, merges, added, other);
    }

    private static Map<String, Integer> ids(List<String> tokens) {
        Map<String, Integer> ids = HashMap.newHashMap(tokens.size());
        for (int id = 0; id < tokens.size(); id++) {
            Integer before = ids.put(tokens.get(id), id);
            if (before != null) {
                throw new TokenizerException(
                        "token '" + tokens.get(id) + "' has two ids, " + before + " and " + id + ": a token has one");
            }
        }
        return ids;
    }

    private static void require(Map<String, Integer> ids, Merge merge, int rank) {
        for (String token : List.of(merge.left(), merge.right(), merge.product())) {
            if (!ids.containsKey(token)) {
                throw new TokenizerException("merge %d, '%s %s', needs token '%s', which the vocabulary does not have"
                        .formatted(rank + 1, merge.left(), merge.right(), token));
            }
        }
    }
}
