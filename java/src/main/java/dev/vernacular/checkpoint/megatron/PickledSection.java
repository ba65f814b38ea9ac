package dev.vernacular.checkpoint.megatron;

import dev.vernacular.checkpoint.CheckpointException;
import dev.vernacular.checkpoint.pickle.Tuple;
import dev.vernacular.config.ModelSection;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The configuration that a Lightning checkpoint may carry as plain dictionaries. Data of a pickle can hold
/// itself, or parts that hold the same part twice and again, so what is copied is counted.
final class PickledSection {
    private static final int DEEPEST = 64;
    private static final int MOST_VALUES = 100_000;
    private final String label;
    private int values;

    private PickledSection(String label) {
        this.label = label;
    }

    /// @param label names file and key in errors
    static ModelSection of(Map<?, ?> pickled, String label) {
        return ModelSection.of(new PickledSection(label).map(pickled, 0), label);
    }

    private Map<String, Object> map(Map<?, ?> source, int depth) {
        Map<String, Object> copy = new LinkedHashMap<>();
        source.forEach((key, value) -> copy.put(String.valueOf(key), copied(value, depth + 1)));
        return copy;
    }

    private List<Object> list(Collection<?> source, int depth) {
        List<Object> copy = new ArrayList<>();
        source.forEach(item -> copy.add(copied(item, depth + 1)));
        return copy;
    }

    /// Objects of other classes are no configuration: of them only the class is kept.
    private Object copied(Object value, int depth) {
        values++;
        if (depth > DEEPEST || values > MOST_VALUES) {
            throw new CheckpointException(label + " unfolds to more than " + MOST_VALUES + " values or " + DEEPEST
                    + " levels; it is no configuration");
        }
        return switch (value) {
            case Map<?, ?> map -> map(map, depth);
            case Collection<?> items -> list(items, depth);
            case Tuple tuple -> list(tuple.items(), depth);
            case byte[] bytes -> bytes.length + " bytes";
            case null -> null;
            default -> value instanceof Number || value instanceof Boolean ? value : value.toString();
        };
    }
}
