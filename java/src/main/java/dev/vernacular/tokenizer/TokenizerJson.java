package dev.vernacular.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import dev.vernacular.tokenizer.Vocabulary.AddedToken;
import dev.vernacular.tokenizer.Vocabulary.Merge;
import dev.vernacular.tokenizer.pieces.PreTokenizer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.StreamSupport;

/// Reads Hugging Face's `tokenizer.json`. What would change ids and is not byte-level BPE with one of our
/// pre-tokenizers is refused by name. `truncation` and `padding` are left to whoever makes batches, as
/// transformers does.
final class TokenizerJson {
    private final JsonNode root;
    private final String file;

    private TokenizerJson(JsonNode root, String file) {
        this.root = root;
        this.file = file;
    }

    static Vocabulary read(JsonNode root, String where) {
        return new TokenizerJson(root, where + "tokenizer.json").vocabulary();
    }

    private Vocabulary vocabulary() {
        requireNothing(root, "normalizer");
        requireNoEffect("post_processor");
        requireNoEffect("decoder");
        JsonNode model = root.path("model");
        requireModel(model);
        PreTokenizer preTokenizer = preTokenizer();
        TokenIds ids = new TokenIds(file);
        ids.addAll(model.path("vocab"));
        List<AddedToken> added = added();
        added.forEach(token -> ids.add(token.content(), token.id()));
        List<String> tokens = ids.inOrder();
        List<Merge> merges = merges(model.path("merges"));
        return VocabularyReader.checked(file, () -> new Vocabulary(tokens, merges, added, preTokenizer));
    }

    private void requireModel(JsonNode model) {
        // Files of before 2020 have no type; a model with merges is BPE.
        if (!model.path("type").asText("BPE").equals("BPE")
                || !model.path("vocab").isObject()
                || !model.path("merges").isArray()) {
            throw unsupported("model.type", model.path("type"), "\"BPE\" with vocab and merges");
        }
        for (String option : List.of("continuing_subword_prefix", "end_of_word_suffix", "ignore_merges", "dropout")) {
            requireNothing(model, option);
        }
    }

    /// Absent, null, false, 0, "" and empty lists are nothing.
    private void requireNothing(JsonNode parent, String option) {
        JsonNode value = parent.path(option);
        boolean nothing = switch (value.getNodeType()) {
            case MISSING, NULL -> true;
            case BOOLEAN -> !value.booleanValue();
            case NUMBER -> value.doubleValue() == 0;
            case STRING -> value.textValue().isEmpty();
            default ->
                value.path("type").asText().equals("Sequence")
                        && value.path("normalizers").isEmpty();
        };
        if (!nothing) {
            throw unsupported(option, value, "null");
        }
    }

    private void requireNoEffect(String step) {
        JsonNode value = root.path(step);
        if (!value.isMissingNode()
                && !value.isNull()
                && !value.path("type").asText().equals("ByteLevel")) {
            throw unsupported(step, value, "\"ByteLevel\" or null");
        }
    }

    private PreTokenizer preTokenizer() {
        JsonNode value = root.path("pre_tokenizer");
        List<JsonNode> steps = value.path("type").asText().equals("Sequence")
                ? StreamSupport.stream(value.path("pretokenizers").spliterator(), false)
                        .toList()
                : List.of(value);
        if (steps.size() == 1 && isByteLevel(steps.getFirst(), true)) {
            return PreTokenizer.GPT2;
        }
        if (steps.size() == 2 && isByteLevel(steps.get(1), false) && isSplit(steps.getFirst())) {
            String pattern = steps.getFirst().path("pattern").path("Regex").asText();
            for (PreTokenizer known : PreTokenizer.values()) {
                if (known.pattern().equals(pattern)) {
                    return known;
                }
            }
        }
        throw unsupported(
                "pre_tokenizer",
                value,
                "ByteLevel without prefix space, or a Split by one of our two patterns before it");
    }

    private static boolean isByteLevel(JsonNode step, boolean usesRegex) {
        return step.path("type").asText().equals("ByteLevel")
                && !step.path("add_prefix_space").asBoolean(true)
                && step.path("use_regex").asBoolean(true) == usesRegex;
    }

    private static boolean isSplit(JsonNode step) {
        return step.path("type").asText().equals("Split")
                && step.path("behavior").asText().equals("Isolated")
                && !step.path("invert").asBoolean(false);
    }

    private List<AddedToken> added() {
        List<AddedToken> added = new ArrayList<>();
        for (JsonNode token : root.path("added_tokens")) {
            for (String option : Set.of("single_word", "lstrip", "rstrip")) {
                if (token.path(option).asBoolean(false)) {
                    throw unsupported("added_tokens." + option, token, "false");
                }
            }
            if (!token.path("id").isInt() || token.path("content").asText().isEmpty()) {
                throw unsupported("added_tokens", token, "tokens with an id and a content");
            }
            added.add(new AddedToken(
                    token.path("id").intValue(),
                    token.path("content").asText(),
                    token.path("special").asBoolean(false)));
        }
        added.sort(Comparator.comparingInt(AddedToken::id));
        return added;
    }

    /// `"a b"` (before tokenizers 0.20) or `["a", "b"]`.
    private List<Merge> merges(JsonNode array) {
        List<Merge> merges = new ArrayList<>(array.size());
        for (JsonNode merge : array) {
            String place = file + " merge " + (merges.size() + 1);
            if (merge.isTextual()) {
                merges.add(VocabularyReader.merge(merge.textValue(), place));
            } else if (merge.size() == 2
                    && merge.path(0).isTextual()
                    && merge.path(1).isTextual()) {
                merges.add(new Merge(merge.get(0).textValue(), merge.get(1).textValue()));
            } else {
                throw new TokenizerException(place + " is " + merge + ": a merge is two tokens");
            }
        }
        return merges;
    }

    private TokenizerException unsupported(String option, JsonNode value, String supported) {
        String text = value.isMissingNode() ? "absent" : value.toString();
        String shown = text.length() > 200 ? text.substring(0, 200) + "…" : text;
        return new TokenizerException(file + ": " + option + " is " + shown + "; supported: " + supported
                + "\n  The model needs a byte-level BPE tokenizer like GPT-2's.");
    }
}
