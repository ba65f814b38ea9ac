package dev.vernacular.checkpoint.gguf;

import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.tokenizer.TokenizerException;
import dev.vernacular.tokenizer.TokenizerFiles;
import dev.vernacular.tokenizer.Vocabulary;
import dev.vernacular.tokenizer.Vocabulary.AddedToken;
import dev.vernacular.tokenizer.Vocabulary.Merge;
import dev.vernacular.tokenizer.pieces.PreTokenizer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/// A byte-level BPE in the keys of a GGUF file. There is a token for each row of the table: padding rows are
/// called `[PAD<id>]` and typed unused.
///
/// GGUF has a name for the way text is cut, and llama.cpp knows GPT-2's only. A tokenizer that cuts otherwise is
/// written whole, as `tokenizer.json`, under the key that GGUF has for it: llama.cpp looks past it, the way back
/// does not.
final class GgufTokenizer {
    private static final String MODEL = "tokenizer.ggml.model";
    private static final String PRE = "tokenizer.ggml.pre";
    private static final String TOKENS = "tokenizer.ggml.tokens";
    private static final String TYPES = "tokenizer.ggml.token_type";
    private static final String MERGES = "tokenizer.ggml.merges";
    private static final String WHOLE = "tokenizer.huggingface.json";
    /// Names of GPT-2's pattern; files from before there were names have none.
    private static final Set<String> GPT2_PATTERN = Set.of("gpt-2", "phi-2", "mpt", "olmo");

    private static final int NORMAL = 1;
    private static final int CONTROL = 3;
    private static final int USER_DEFINED = 4;
    private static final int UNUSED = 5;

    private GgufTokenizer() {}

    /// @param rows of the token table
    static void put(GgufHeader header, Tokenizer tokenizer, int rows) {
        Vocabulary vocabulary = tokenizer.vocabulary();
        List<String> tokens = new ArrayList<>(vocabulary.tokens());
        for (int id = tokens.size(); id < rows; id++) {
            tokens.add(padding(id));
        }
        header.text(MODEL, "gpt2");
        header.text(PRE, "gpt-2");
        header.texts(TOKENS, tokens);
        header.numbers(TYPES, types(tokenizer, rows));
        header.texts(
                MERGES,
                vocabulary.merges().stream()
                        .map(merge -> merge.left() + " " + merge.right())
                        .toList());
        if (tokenizer.endOfText() >= 0) {
            header.number("tokenizer.ggml.bos_token_id", tokenizer.endOfText());
            header.number("tokenizer.ggml.eos_token_id", tokenizer.endOfText());
        }
        if (vocabulary.preTokenizer() != PreTokenizer.GPT2) {
            header.text(WHOLE, new String(tokenizer.files().tokenizerJson(), StandardCharsets.UTF_8));
        }
    }

    private static List<Integer> types(Tokenizer tokenizer, int rows) {
        Map<Integer, AddedToken> added =
                tokenizer.vocabulary().added().stream().collect(Collectors.toMap(AddedToken::id, Function.identity()));
        List<Integer> types = new ArrayList<>();
        for (int id = 0; id < rows; id++) {
            if (id >= tokenizer.size()) {
                types.add(UNUSED);
            } else if (added.containsKey(id) && !added.get(id).special()) {
                types.add(USER_DEFINED);
            } else {
                types.add(added.containsKey(id) || id == tokenizer.endOfText() ? CONTROL : NORMAL);
            }
        }
        return types;
    }

    private static String padding(int id) {
        return "[PAD" + id + "]";
    }

    /// Empty if the file has no tokenizer, or one that is no byte-level BPE.
    ///
    /// @param rows of the token table
    /// @throws GgufException if the keys do not fit together or the text is cut in a way that is not known here
    static Optional<TokenizerFiles> read(GgufValues values, String label, int rows) {
        if (!values.text(MODEL).orElse("none").equals("gpt2")) {
            return Optional.empty();
        }
        String pre = values.text(PRE).orElse("gpt-2");
        if (!GPT2_PATTERN.contains(pre)) {
            throw new GgufException(label + ": " + PRE + " is " + pre + ", a way to cut text that is not supported\n"
                    + "  Supported: gpt-2");
        }
        List<String> tokens = values.texts(TOKENS).orElse(List.of());
        if (tokens.size() != rows) {
            throw new GgufException(
                    label + ": " + TOKENS + " has " + tokens.size() + " elements, the token table " + rows + " rows");
        }
        long[] types = values.integers(TYPES).orElse(new long[0]);
        if (types.length != 0 && types.length != rows) {
            throw new GgufException(
                    label + ": " + TYPES + " has " + types.length + " elements, " + TOKENS + " " + rows);
        }
        int size = rows;
        while (size > 0
                && (type(types, size - 1) == UNUSED || tokens.get(size - 1).equals(padding(size - 1)))) {
            size--;
        }
        return Optional.of(files(values, label, tokens.subList(0, size), added(tokens.subList(0, size), types)));
    }

    private static long type(long[] types, int id) {
        return types.length == 0 ? NORMAL : types[id];
    }

    private static List<AddedToken> added(List<String> tokens, long[] types) {
        List<AddedToken> added = new ArrayList<>();
        for (int id = 0; id < tokens.size(); id++) {
            long type = type(types, id);
            boolean isSpecial = type == CONTROL || tokens.get(id).equals(Vocabulary.END_OF_TEXT);
            if (isSpecial || type == USER_DEFINED) {
                added.add(new AddedToken(id, tokens.get(id), isSpecial));
            }
        }
        return added;
    }

    private static TokenizerFiles files(GgufValues values, String label, List<String> tokens, List<AddedToken> added) {
        List<Merge> merges = new ArrayList<>();
        for (String merge : values.texts(MERGES).orElse(List.of())) {
            merges.add(merge(merge, label, merges.size()));
        }
        try {
            Vocabulary vocabulary = new Vocabulary(tokens, merges, added, PreTokenizer.GPT2);
            TokenizerFiles files = Tokenizer.of(vocabulary).files();
            Optional<String> whole = values.text(WHOLE);
            return whole.isEmpty() ? files : agreeing(files, whole.get());
        } catch (TokenizerException e) {
            throw new GgufException(label + ", tokenizer.*: " + e.getMessage(), e);
        }
    }

    /// The file's own `tokenizer.json`, which must say of tokens and merges what the other keys do.
    private static TokenizerFiles agreeing(TokenizerFiles files, String whole) {
        TokenizerFiles all =
                new TokenizerFiles(files.vocabJson(), files.mergesTxt(), whole.getBytes(StandardCharsets.UTF_8));
        return Tokenizer.of(all).files();
    }

    private static Merge merge(String text, String label, int rank) {
        int space = text.indexOf(' ', 1);
        if (space < 1 || space == text.length() - 1) {
            throw new GgufException(label + ": element " + rank + " of " + MERGES + " is '" + text
                    + "': a merge is two tokens with one space between them");
        }
        return new Merge(text.substring(0, space), text.substring(space + 1));
    }
}
