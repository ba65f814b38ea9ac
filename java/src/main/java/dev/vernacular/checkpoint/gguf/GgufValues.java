package dev.vernacular.checkpoint.gguf;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The keys of a GGUF file. Where each value lies is noted when the file is opened; it is read when it is asked
/// for, so a value that nobody needs costs nothing, whatever its size.
final class GgufValues {
    private static final int MOST_KEYS = 100_000;
    private static final int LONGEST_KEY = 65_535;
    private static final int LONGEST_TEXT = 64 << 20;
    /// The largest vocabularies in use have some 260,000 tokens.
    private static final int MOST_ELEMENTS = 4_000_000;
    private static final int SMALLEST_ENTRY = 13;

    private static final int U8 = 0;
    private static final int I8 = 1;
    private static final int U16 = 2;
    private static final int I16 = 3;
    private static final int U32 = 4;
    private static final int I32 = 5;
    private static final int F32 = 6;
    private static final int BOOL = 7;
    private static final int STRING = 8;
    private static final int ARRAY = 9;
    private static final int U64 = 10;
    private static final int I64 = 11;
    private static final int F64 = 12;

    private final GgufInput head;
    private final String label;
    private final Map<String, Value> values = new HashMap<>();

    /// @param at of the value, or of the first element of an array
    /// @param elementType of an array of `count`; -1 for a value that is none
    private record Value(int type, long at, int elementType, long count) {}

    private GgufValues(GgufInput head, String label) {
        this.head = head;
        this.label = label;
    }

    /// Notes `count` keys from where `in` is, and leaves it behind the last.
    static GgufValues read(GgufInput in, String label, long count) {
        GgufValues values = new GgufValues(in.from(0), label);
        if (count > MOST_KEYS) {
            throw new GgufException(label + " has " + count + " keys, the limit is " + MOST_KEYS);
        }
        for (long i = 0; i < count; i++) {
            String key = in.text("the name of key " + i, LONGEST_KEY);
            if (values.values.put(key, values.skip(in, key)) != null) {
                throw new GgufException(label + ": the key " + key + " is there twice");
            }
        }
        return values;
    }

    /// Bytes that a key takes at least.
    static int smallestEntry() {
        return SMALLEST_ENTRY;
    }

    private Value skip(GgufInput in, String key) {
        String what = "the value of " + key;
        int type = in.int32(what);
        if (type != ARRAY) {
            long at = in.position();
            skip(in, type, 1, what);
            return new Value(type, at, -1, 1);
        }
        int elementType = in.int32(what);
        long count = in.count("the number of elements of " + key, smallest(elementType, what));
        long at = in.position();
        skip(in, elementType, count, what);
        return new Value(ARRAY, at, elementType, count);
    }

    private void skip(GgufInput in, int type, long count, String what) {
        if (type != STRING) {
            in.skip(count * smallest(type, what), what);
            return;
        }
        for (long i = 0; i < count; i++) {
            in.skip(in.count(what, 1), what);
        }
    }

    /// Bytes of an element; of a text its length alone.
    private int smallest(int type, String what) {
        return switch (type) {
            case U8, I8, BOOL -> 1;
            case U16, I16 -> 2;
            case U32, I32, F32 -> 4;
            case STRING, U64, I64, F64 -> 8;
            case ARRAY -> throw new GgufException(label + ": " + what + " is an array of arrays, which no key has");
            default ->
                throw new GgufException(label + ": " + what + " is of type " + type + ", which GGUF does not"
                        + " have\n  The file is damaged.");
        };
    }

    boolean has(String key) {
        return values.containsKey(key);
    }

    /// @throws GgufException if the value is no text
    Optional<String> text(String key) {
        return Optional.ofNullable(values.get(key)).map(value -> {
            requireKind(value.type() == STRING, key, "text");
            return head.from(value.at()).text("the value of " + key, LONGEST_TEXT);
        });
    }

    /// @throws GgufException if the value is no whole number of 0 to 2^31 - 1
    Optional<Integer> integer(String key) {
        return Optional.ofNullable(values.get(key)).map(value -> {
            long number = wholeNumber(head.from(value.at()), value.type(), key);
            if (number < 0 || number > Integer.MAX_VALUE) {
                throw new GgufException(label + ": " + key + " is " + number + ", it can be 0 to 2147483647");
            }
            return (int) number;
        });
    }

    /// As [#integer], for a key that must be there.
    int requireInteger(String key) {
        return integer(key).orElseThrow(() -> missing(key));
    }

    /// @throws GgufException if the key is absent or its value no number
    double requireNumber(String key) {
        Value value = Optional.ofNullable(values.get(key)).orElseThrow(() -> missing(key));
        GgufInput in = head.from(value.at());
        return switch (value.type()) {
            case F32 -> Float.intBitsToFloat(in.int32(key));
            case F64 -> Double.longBitsToDouble(in.int64(key));
            default -> throw wrongKind(key, "a decimal number");
        };
    }

    /// @throws GgufException if the value is no array of texts, or too long
    Optional<List<String>> texts(String key) {
        return Optional.ofNullable(values.get(key)).map(value -> {
            requireKind(value.elementType() == STRING, key, "an array of texts");
            GgufInput in = head.from(value.at());
            List<String> texts = new ArrayList<>(length(value, key));
            for (long i = 0; i < value.count(); i++) {
                texts.add(in.text("element " + i + " of " + key, LONGEST_KEY));
            }
            return texts;
        });
    }

    /// @throws GgufException if the value is no array of whole numbers, or too long
    Optional<long[]> integers(String key) {
        return Optional.ofNullable(values.get(key)).map(value -> {
            requireKind(value.type() == ARRAY, key, "an array of whole numbers");
            GgufInput in = head.from(value.at());
            long[] numbers = new long[length(value, key)];
            for (int i = 0; i < numbers.length; i++) {
                numbers[i] = wholeNumber(in, value.elementType(), key);
            }
            return numbers;
        });
    }

    private long wholeNumber(GgufInput in, int type, String key) {
        return switch (type) {
            case U8 -> in.int8(key) & 0xff;
            case I8 -> in.int8(key);
            case U16 -> in.int16(key) & 0xffff;
            case I16 -> in.int16(key);
            case U32 -> Integer.toUnsignedLong(in.int32(key));
            case I32 -> in.int32(key);
            case U64, I64 -> in.int64(key);
            default -> throw wrongKind(key, "a whole number");
        };
    }

    private int length(Value value, String key) {
        if (value.count() > MOST_ELEMENTS) {
            throw new GgufException(
                    label + ": " + key + " has " + value.count() + " elements, the limit is " + MOST_ELEMENTS);
        }
        return (int) value.count();
    }

    private void requireKind(boolean isRight, String key, String wanted) {
        if (!isRight) {
            throw wrongKind(key, wanted);
        }
    }

    private GgufException wrongKind(String key, String wanted) {
        return new GgufException(label + ": " + key + " is no " + wanted.replaceFirst("^an? ", ""));
    }

    private GgufException missing(String key) {
        return new GgufException(label + " has no key " + key + ", which a gpt2 model needs");
    }
}
