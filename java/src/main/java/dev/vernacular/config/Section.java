package dev.vernacular.config;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/// Typed reading of one mapping of a resolved configuration. An absent key and a null are the same: nothing
/// given.
///
/// @param path dotted name of the mapping, for errors; empty for the root
public record Section(String path, Map<String, Object> values) {

    /// The mapping at `key`; empty when nothing is given.
    public Section section(String key) {
        Object value = values.get(key);
        return switch (value) {
            case null -> new Section(name(key), Map.of());
            case Map<?, ?> map -> new Section(name(key), Tree.map(map));
            default -> throw wrong(key, value, "a mapping {key: value, …}");
        };
    }

    public boolean has(String key) {
        return values.get(key) != null;
    }

    /// The value as it is.
    public Optional<Object> any(String key) {
        Object value = values.get(key);
        if ("???".equals(value)) {
            throw new ConfigException(name(key) + " must be given\n  Add " + name(key) + "=… to the command line.");
        }
        return Optional.ofNullable(value);
    }

    /// A whole number, also when spelled as text or as `4.0`.
    public Optional<Long> integer(String key) {
        return read(key, "a whole number", value -> switch (value) {
            case Long whole -> Optional.of(whole);
            case Double number
            when number == Math.rint(number) && Math.abs(number) < 0x1p63 -> Optional.of(number.longValue());
            case String text -> Optional.of(Long.valueOf(text.strip()));
            default -> Optional.empty();
        });
    }

    /// As [#integer], and in the range of an int.
    ///
    /// @throws ConfigException if it is below `least`
    public Optional<Integer> integer(String key, int least) {
        Optional<Long> value = integer(key);
        if (value.isPresent() && (value.get() < least || value.get() > Integer.MAX_VALUE)) {
            throw wrong(key, value.get(), "a whole number from " + least + " to " + Integer.MAX_VALUE);
        }
        return value.map(Long::intValue);
    }

    /// A finite number, also when spelled as text (`2e-4` is one for some YAML readers).
    public Optional<Double> number(String key) {
        return read(key, "a number", value -> {
            double number = switch (value) {
                case Number plain -> plain.doubleValue();
                case String text -> Double.parseDouble(text.strip());
                default -> Double.NaN;
            };
            return Optional.of(number).filter(Double::isFinite);
        });
    }

    /// As [#number].
    ///
    /// @throws ConfigException if it is below `least`
    public Optional<Double> number(String key, double least) {
        Optional<Double> value = number(key);
        if (value.isPresent() && value.get() < least) {
            throw wrong(key, value.get(), "a number from " + least);
        }
        return value;
    }

    public Optional<Boolean> flag(String key) {
        return read(key, "True or False", value -> switch (value) {
            case Boolean flag -> Optional.of(flag);
            case String text when text.equalsIgnoreCase("true") -> Optional.of(true);
            case String text when text.equalsIgnoreCase("false") -> Optional.of(false);
            default -> Optional.empty();
        });
    }

    /// A text; numbers and booleans are spelled, the empty text is nothing.
    public Optional<String> text(String key) {
        return read(key, "a text", value -> switch (value) {
                    case Map<?, ?> map -> Optional.<String>empty();
                    case List<?> list -> Optional.<String>empty();
                    default -> Optional.of(value.toString());
                })
                .filter(text -> !text.isEmpty());
    }

    public Optional<List<Object>> list(String key) {
        return read(
                key,
                "a list [a, b, …]",
                value -> value instanceof List<?> list ? Optional.of(List.<Object>copyOf(list)) : Optional.empty());
    }

    /// `path.key`.
    public String name(String key) {
        return path.isEmpty() ? key : path + "." + key;
    }

    /// An error about a key's value.
    ///
    /// @param wanted what would be accepted
    public ConfigException wrong(String key, Object value, String wanted) {
        return new ConfigException(
                name(key) + " is " + spelled(value) + ", it must be " + wanted + "\n  Set it with " + name(key) + "=…");
    }

    /// As people write it: `1e30`, where Java has `1.0E30`.
    private static String spelled(Object value) {
        return value instanceof Double number
                ? number.toString().replace(".0E", "e").replace('E', 'e')
                : String.valueOf(value);
    }

    private <T> Optional<T> read(String key, String wanted, Function<Object, Optional<T>> convert) {
        Optional<Object> value = any(key);
        if (value.isEmpty()) {
            return Optional.empty();
        }
        Optional<T> converted;
        try {
            converted = convert.apply(value.get());
        } catch (NumberFormatException e) {
            throw wrong(key, value.get(), wanted);
        }
        if (converted.isEmpty()) {
            throw wrong(key, value.get(), wanted);
        }
        return converted;
    }
}
