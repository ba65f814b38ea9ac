package dev.vernacular.config;

import dev.vernacular.model.GptConfig;
import dev.vernacular.model.ModelException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// NeMo's *model* section: the mapping in `model_config.yaml`, under `cfg:` in `hparams.yaml`, and under
/// `model:` in a training configuration. It is kept whole, unknown keys included, and is never changed in
/// place.
///
/// Keys are dotted paths (`tokenizer.vocab_file`). A key that is absent or null takes the default its reader
/// passes; [#gptConfig(int)] applies NeMo's.
public final class ModelSection {
    /// Rows of the token table are a multiple of this when the file does not say otherwise.
    public static final int DEFAULT_VOCABULARY_DIVISOR = 128;

    private final Map<String, Object> values;
    private final String origin;

    private ModelSection(Map<String, Object> values, String origin) {
        this.values = values;
        this.origin = origin;
    }

    /// @param values the section itself, or a mapping that holds it under `cfg` or `model`
    /// @param origin names the source in errors: a file, or `the command line`
    public static ModelSection of(Map<String, ?> values, String origin) {
        for (String wrapper : List.of("cfg", "model")) {
            if (values.get(wrapper) instanceof Map<?, ?> inner) {
                return new ModelSection(frozen(inner), origin);
            }
        }
        return new ModelSection(frozen(values), origin);
    }

    /// Reads `model_config.yaml` or `hparams.yaml`.
    public static ModelSection read(Path file) {
        return of(Yaml.read(file), file.toString());
    }

    /// All keys and values, unmodifiable at every level.
    public Map<String, Object> asMap() {
        return values;
    }

    /// Where the section came from, for errors.
    public String origin() {
        return origin;
    }

    /// The value at a dotted key; empty when a part of the path is absent or the value is null.
    public Optional<Object> get(String key) {
        Object value = values;
        for (String part : key.split("\\.")) {
            value = value instanceof Map<?, ?> map ? map.get(part) : null;
        }
        return Optional.ofNullable(value);
    }

    /// @throws ConfigException if the value is no whole number that fits
    public int integer(String key, int fallback) {
        Optional<Object> value = get(key);
        return value.isPresent() ? wholeNumber(key, value.get()) : fallback;
    }

    /// As [#integer(String, int)], for a key without a default.
    ///
    /// @throws ConfigException if the key is absent
    public int integer(String key) {
        return wholeNumber(
                key,
                get(key).orElseThrow(() -> new ConfigException(
                        origin + " has no key " + key + "\n  Is it the configuration of a Megatron GPT model?")));
    }

    /// @throws ConfigException if the value is no number
    public double number(String key, double fallback) {
        Object value = get(key).orElse(fallback);
        try {
            return value instanceof Number number ? number.doubleValue() : Double.parseDouble((String) value);
        } catch (ClassCastException | NumberFormatException e) {
            throw wrong(key, value, "a number");
        }
    }

    /// @throws ConfigException if the value is neither true nor false
    public boolean flag(String key, boolean fallback) {
        Object value = get(key).orElse(fallback);
        if (value instanceof Boolean flag) {
            return flag;
        }
        throw wrong(key, value, "true or false");
    }

    /// The value as text, numbers and booleans included.
    ///
    /// @throws ConfigException if the value is a mapping or a list
    public String text(String key, String fallback) {
        Object value = get(key).orElse(fallback);
        if (value instanceof Map<?, ?> || value instanceof List<?>) {
            throw wrong(key, value, "text");
        }
        return value.toString();
    }

    /// The same section with `value` at a dotted key; mappings on the way are created. A null value is YAML's
    /// null.
    public ModelSection with(String key, Object value) {
        return new ModelSection(frozen(put(values, key.split("\\."), 0, value)), origin);
    }

    /// The same section without a top-level key.
    public ModelSection without(String key) {
        Map<String, Object> copy = new LinkedHashMap<>(values);
        copy.remove(key);
        return new ModelSection(Collections.unmodifiableMap(copy), origin);
    }

    /// `make_vocab_size_divisible_by` times the tensor-parallel size: what the rows of the token table are a
    /// multiple of.
    public int vocabularyDivisor() {
        int divisor = integer("make_vocab_size_divisible_by", DEFAULT_VOCABULARY_DIVISOR);
        int ranks = integer("tensor_model_parallel_size", 1);
        if (divisor < 1 || ranks < 1) {
            throw new ConfigException(origin + ": make_vocab_size_divisible_by is " + divisor
                    + " and tensor_model_parallel_size " + ranks + ", both must be at least 1");
        }
        return Math.multiplyExact(divisor, ranks);
    }

    /// The architecture, with NeMo's defaults for absent keys.
    ///
    /// @param rows rows of the token table, padding included
    /// @throws ConfigException if a key asks for something this program does not do, naming the values it does
    public GptConfig gptConfig(int rows) {
        try {
            return new GptOptions(this).config(rows);
        } catch (ModelException e) {
            throw new ConfigException(origin + ": " + e.getMessage(), e);
        }
    }

    @Override
    public String toString() {
        return origin;
    }

    /// The error for a value that is of the wrong kind.
    ConfigException wrong(String key, Object value, String wanted) {
        return new ConfigException(origin + ": " + key + " is " + value + ", it must be " + wanted);
    }

    private int wholeNumber(String key, Object value) {
        if (value instanceof Number number
                && number.doubleValue() == Math.rint(number.doubleValue())
                && Math.abs(number.doubleValue()) <= Integer.MAX_VALUE) {
            return number.intValue();
        }
        throw wrong(key, value, "a whole number of at most 31 bits");
    }

    private static Map<String, Object> put(Map<?, ?> map, String[] path, int at, Object value) {
        Map<String, Object> copy = new LinkedHashMap<>();
        map.forEach((name, item) -> copy.put(String.valueOf(name), item));
        if (at == path.length - 1) {
            copy.put(path[at], value);
        } else {
            Map<?, ?> inner = copy.get(path[at]) instanceof Map<?, ?> found ? found : Map.of();
            copy.put(path[at], put(inner, path, at + 1, value));
        }
        return copy;
    }

    private static Map<String, Object> frozen(Map<?, ?> map) {
        Map<String, Object> copy = new LinkedHashMap<>();
        map.forEach((key, value) -> copy.put(String.valueOf(key), frozenValue(value)));
        return Collections.unmodifiableMap(copy);
    }

    private static Object frozenValue(Object value) {
        return switch (value) {
            case Map<?, ?> map -> frozen(map);
            case List<?> list -> list.stream().map(ModelSection::frozenValue).toList();
            case null -> null;
            default -> value;
        };
    }
}
