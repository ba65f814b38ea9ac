package dev.vernacular.checkpoint.hf;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import dev.vernacular.files.JsonProblem;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/// The table of tensors at the start of a `.safetensors` file, read as a stream: of what it says only entries of
/// tensors are kept, however large it is.
final class SafetensorsHeader {
    private static final int MOST_TENSORS = 100_000;
    private static final int MOST_AXES = 8;
    private static final JsonFactory JSON = JsonFactory.builder()
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES) // a table of names is memory, too
            .build();

    private final String label;
    private final JsonParser json;

    /// @param begin of the bytes, from the start of the data; `end` is the first byte after them
    record Entry(String dtype, long[] shape, long begin, long end) {}

    private SafetensorsHeader(JsonParser json, String label) {
        this.json = json;
        this.label = label;
    }

    /// Entries by name, in the header's order.
    ///
    /// @param label names the file in errors
    /// @throws HuggingFaceException naming the tensor or the place
    static Map<String, Entry> read(InputStream in, String label) {
        try (JsonParser json = JSON.createParser(in)) {
            return new SafetensorsHeader(json, label).entries();
        } catch (JsonProcessingException e) {
            throw new HuggingFaceException(label + ": its header is no JSON: " + JsonProblem.describe(e));
        } catch (IOException e) {
            throw new HuggingFaceException(label + ": its header is no JSON in UTF-8: " + e.getMessage());
        }
    }

    private Map<String, Entry> entries() throws IOException {
        require(json.nextToken() == JsonToken.START_OBJECT, "its header is no JSON object");
        Map<String, Entry> entries = new LinkedHashMap<>();
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String name = json.currentName();
            json.nextToken();
            if (name.equals("__metadata__")) {
                json.skipChildren();
            } else {
                require(entries.put(name, entry(name)) == null, "the tensor " + name + " is there twice");
                require(entries.size() <= MOST_TENSORS, "it has more than " + MOST_TENSORS + " tensors");
            }
        }
        require(json.nextToken() == null, "something follows the object in its header");
        return entries;
    }

    private Entry entry(String name) throws IOException {
        require(json.currentToken() == JsonToken.START_OBJECT, "what it says of " + name + " is no object");
        String dtype = "";
        long[] shape = null;
        long[] offsets = null;
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String key = json.currentName();
            json.nextToken();
            switch (key) {
                case "dtype" -> dtype = json.getText();
                case "shape" -> shape = numbers(name + ".shape");
                case "data_offsets" -> offsets = numbers(name + ".data_offsets");
                default -> json.skipChildren();
            }
        }
        boolean isWhole = !dtype.isEmpty() && shape != null && offsets != null && offsets.length == 2;
        require(isWhole, name + " needs dtype, shape and two data_offsets");
        return new Entry(dtype, shape, offsets[0], offsets[1]);
    }

    private long[] numbers(String what) throws IOException {
        require(json.currentToken() == JsonToken.START_ARRAY, what + " is no list of whole numbers");
        long[] numbers = new long[MOST_AXES];
        int count = 0;
        while (json.nextToken() != JsonToken.END_ARRAY) {
            boolean isLong = json.currentToken() == JsonToken.VALUE_NUMBER_INT
                    && json.getNumberType() != JsonParser.NumberType.BIG_INTEGER
                    && json.getLongValue() >= 0;
            require(isLong, what + " holds what is no whole number of 0 to 2^63 - 1");
            require(count < MOST_AXES, what + " holds more than " + MOST_AXES + " numbers");
            numbers[count++] = json.getLongValue();
        }
        return Arrays.copyOf(numbers, count);
    }

    private void require(boolean isRight, String problem) {
        if (!isRight) {
            throw new HuggingFaceException(label + ": " + problem + "\n  The file is damaged, or no safetensors file.");
        }
    }
}
