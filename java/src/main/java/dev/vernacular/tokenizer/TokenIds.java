package dev.vernacular.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/// Tokens by id while a file is read, so that its mistakes are named before anything is built on it.
final class TokenIds {
    private final String file;
    private final TreeMap<Integer, String> tokens = new TreeMap<>();

    TokenIds(String file) {
        this.file = file;
    }

    /// Adds a JSON object token → id.
    void addAll(JsonNode vocabulary) {
        vocabulary.propertyStream().forEach(entry -> {
            if (!entry.getValue().isInt() || entry.getValue().intValue() < 0) {
                throw new TokenizerException(file + ": token '" + entry.getKey() + "' has id " + entry.getValue()
                        + ", not a whole number ≥ 0");
            }
            add(entry.getKey(), entry.getValue().intValue());
        });
    }

    /// Adds a token; the same token with the same id may come twice.
    void add(String token, int id) {
        String before = tokens.putIfAbsent(id, token);
        if (before != null && !before.equals(token)) {
            throw new TokenizerException(
                    file + ": id " + id + " is given to both '" + before + "' and '" + token + "'");
        }
    }

    /// All tokens, ids 0 to N - 1.
    List<String> inOrder() {
        int expected = 0;
        for (int id : tokens.keySet()) {
            if (id != expected) {
                throw new TokenizerException(file + ": no token has id " + expected + ", but there are ids up to "
                        + tokens.lastKey() + ": ids have no gaps");
            }
            expected++;
        }
        return new ArrayList<>(tokens.values());
    }
}
