package dev.vernacular.files;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/// A line is a JSON object; the named fields are the document's texts, taken as they are. What Python's
/// `json.loads` accepts is accepted: `NaN`, and a key given twice (the last counts). Other fields are skipped
/// unread.
///
/// @param keys the fields, all of them required in each line
public record JsonLines(List<String> keys) implements DocumentFormat {
    private static final JsonFactory JSON = JsonFactory.builder()
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxStringLength(Integer.MAX_VALUE)
                    .maxNumberLength(Integer.MAX_VALUE)
                    .build())
            .build();
    private static final int SHOWN_KEYS = 8;

    public JsonLines {
        keys = List.copyOf(keys);
        if (keys.isEmpty()) {
            throw new IllegalArgumentException("JSON Lines need a key that holds the text");
        }
    }

    @Override
    public Optional<Document> read(TextLine line) {
        if (line.isBlank()) {
            return Optional.empty();
        }
        String json = line.text();
        List<String> texts = texts(line, json);
        int malformed = line.malformedIn(json);
        for (int i = 0; i < texts.size(); i++) {
            String text = texts.get(i);
            int lone = loneSurrogates(text);
            if (lone > 0) {
                texts.set(i, withoutLoneSurrogates(text));
                malformed += lone;
            }
        }
        return Optional.of(new Document(line.file(), line.number(), texts, malformed));
    }

    private List<String> texts(TextLine line, String json) {
        List<String> texts = new ArrayList<>(Collections.nCopies(keys.size(), ""));
        boolean[] found = new boolean[keys.size()];
        List<String> others = new ArrayList<>();
        try (JsonParser parser = JSON.createParser(json)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw bad(line, "expected a JSON object, found " + name(parser.currentToken()));
            }
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                readField(line, parser, texts, found, others);
            }
            if (parser.nextToken() != null) {
                throw bad(line, "there is more after the JSON object");
            }
        } catch (JsonProcessingException e) {
            String at = e.getLocation() == null
                    ? ""
                    : " at character " + e.getLocation().getColumnNr();
            throw bad(line, "not valid JSON" + at + ": " + JsonProblem.what(e));
        } catch (IOException e) {
            throw new AssertionError("reading a string failed", e);
        }
        for (int i = 0; i < found.length; i++) {
            if (!found[i]) {
                throw bad(line, "the object has no key '" + keys.get(i) + "'; its keys are " + others);
            }
        }
        return texts;
    }

    private void readField(TextLine line, JsonParser parser, List<String> texts, boolean[] found, List<String> others)
            throws IOException {
        String key = parser.currentName();
        JsonToken value = parser.nextToken();
        int wanted = keys.indexOf(key);
        if (wanted >= 0) {
            if (value != JsonToken.VALUE_STRING) {
                throw bad(line, "the value of '" + key + "' is " + name(value) + ", it has to be a string");
            }
            texts.set(wanted, parser.getText());
            found[wanted] = true;
            return;
        }
        if (others.size() < SHOWN_KEYS) {
            others.add(key);
        }
        parser.skipChildren();
    }

    private static FilesException bad(TextLine line, String what) {
        return new FilesException(line.where() + ": " + what);
    }

    private static String name(JsonToken token) {
        return switch (token) {
            case null -> "nothing";
            case START_OBJECT -> "an object";
            case START_ARRAY -> "a list";
            case VALUE_STRING -> "a string";
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> "a number";
            case VALUE_TRUE, VALUE_FALSE -> "a boolean";
            case VALUE_NULL -> "null";
            default -> token.toString();
        };
    }

    private static int loneSurrogates(String text) {
        return (int) text.codePoints().filter(JsonLines::isSurrogate).count();
    }

    private static String withoutLoneSurrogates(String text) {
        return text.codePoints()
                .map(c -> isSurrogate(c) ? 0xFFFD : c)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    private static boolean isSurrogate(int codePoint) {
        return codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE;
    }
}
