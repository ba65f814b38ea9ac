package dev.vernacular.tokenizer;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.vernacular.files.JsonProblem;
import dev.vernacular.tokenizer.Vocabulary.AddedToken;
import dev.vernacular.tokenizer.Vocabulary.Merge;
import dev.vernacular.tokenizer.pieces.PreTokenizer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/// Reads a tokenizer's files: `tokenizer.json` first, `vocab.json` and `merges.txt` where it is absent. Where
/// all are there they must agree.
final class VocabularyReader {
    /// Names, numbers and brackets in a file: a tree of more would not fit in memory. A vocabulary of 262,144
    /// tokens with its merges has three million.
    private static final long MOST_JSON_TOKENS = 8_000_000;

    private static final JsonMapper JSON = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxTokenCount(MOST_JSON_TOKENS)
                            .build())
                    .build())
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    private VocabularyReader() {}

    static Vocabulary read(TokenizerFiles files, String where) {
        boolean hasVocabulary = files.vocabJson().length > 0;
        boolean hasMerges = files.mergesTxt().length > 0;
        if (files.tokenizerJson().length == 0) {
            if (!hasVocabulary || !hasMerges) {
                String found = hasVocabulary
                        ? "vocab.json without merges.txt"
                        : hasMerges ? "merges.txt without vocab.json" : "neither vocab.json nor tokenizer.json";
                throw new TokenizerException((where.isEmpty() ? "the tokenizer" : where) + " has " + found
                        + "\n  A tokenizer is tokenizer.json, or vocab.json and merges.txt together.");
            }
            return gpt2(tokens(files, where), merges(files, where), where);
        }
        Vocabulary vocabulary = TokenizerJson.read(json(files.tokenizerJson(), where + "tokenizer.json"), where);
        if (hasVocabulary) {
            requireSameTokens(vocabulary, files, where);
        }
        if (hasMerges && !merges(files, where).equals(vocabulary.merges())) {
            throw disagree(where, "their merges are not the same", "merges.txt");
        }
        return vocabulary;
    }

    private static Vocabulary gpt2(List<String> tokens, List<Merge> merges, String where) {
        int endOfText = tokens.indexOf(Vocabulary.END_OF_TEXT);
        List<AddedToken> added =
                endOfText < 0 ? List.of() : List.of(new AddedToken(endOfText, Vocabulary.END_OF_TEXT, true));
        return checked(
                where + "vocab.json and merges.txt", () -> new Vocabulary(tokens, merges, added, PreTokenizer.GPT2));
    }

    /// Adds the file's name to what is wrong with its content.
    static Vocabulary checked(String file, Supplier<Vocabulary> vocabulary) {
        try {
            return vocabulary.get();
        } catch (TokenizerException e) {
            throw new TokenizerException(file + ": " + e.getMessage(), e);
        }
    }

    private static List<String> tokens(TokenizerFiles files, String where) {
        String file = where + "vocab.json";
        TokenIds ids = new TokenIds(file);
        ids.addAll(json(files.vocabJson(), file));
        return ids.inOrder();
    }

    private static void requireSameTokens(Vocabulary vocabulary, TokenizerFiles files, String where) {
        String file = where + "vocab.json";
        Map<String, Integer> ids = vocabulary.ids();
        JsonNode other = json(files.vocabJson(), file);
        Optional<String> different = other.propertyStream()
                .filter(entry -> !entry.getValue().isInt()
                        || entry.getValue().intValue() != ids.getOrDefault(entry.getKey(), -1))
                .map(entry -> ids.containsKey(entry.getKey())
                        ? "token '%s' has id %d and %s"
                                .formatted(entry.getKey(), ids.get(entry.getKey()), entry.getValue())
                        : "token '%s' is in vocab.json only".formatted(entry.getKey()))
                .findFirst();
        if (different.isPresent()) {
            throw disagree(where, different.get(), "vocab.json");
        }
        int missing = vocabulary.tokens().size() - vocabulary.added().size() - other.size();
        if (missing > 0) {
            throw disagree(where, missing + " or more tokens are missing from vocab.json", "vocab.json");
        }
    }

    private static TokenizerException disagree(String where, String how, String file) {
        return new TokenizerException(where + "tokenizer.json and " + file + " are of different tokenizers: " + how
                + "\n  Remove the ones that do not belong to the model.");
    }

    private static List<Merge> merges(TokenizerFiles files, String where) {
        String file = where + "merges.txt";
        List<Merge> merges = new ArrayList<>();
        String[] lines = strictText(files.mergesTxt(), file).split("\n", -1);
        int last = lines[lines.length - 1].isEmpty() ? lines.length - 1 : lines.length;
        for (int i = lines[0].startsWith("#version") ? 1 : 0; i < last; i++) {
            String line = lines[i].endsWith("\r") ? lines[i].substring(0, lines[i].length() - 1) : lines[i];
            merges.add(merge(line, file + " line " + (i + 1)));
        }
        return merges;
    }

    /// `left right`, one space between.
    static Merge merge(String line, String place) {
        int space = line.indexOf(' ');
        if (space <= 0 || space == line.length() - 1 || line.indexOf(' ', space + 1) >= 0) {
            throw new TokenizerException(
                    place + " is '" + line + "': a merge is two tokens with one space between them");
        }
        return new Merge(line.substring(0, space), line.substring(space + 1));
    }

    private static String strictText(byte[] bytes, String file) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new TokenizerException(file + " is not UTF-8 text", e);
        }
    }

    private static JsonNode json(byte[] bytes, String file) {
        try {
            JsonNode root = JSON.readTree(bytes);
            if (!root.isObject()) {
                throw new TokenizerException(file + " holds no JSON object");
            }
            return root;
        } catch (JsonProcessingException e) {
            throw new TokenizerException(file + " is damaged" + JsonProblem.place(e) + ": " + JsonProblem.what(e), e);
        } catch (IOException e) {
            throw new TokenizerException(file + " cannot be read: " + e.getMessage(), e);
        }
    }
}
