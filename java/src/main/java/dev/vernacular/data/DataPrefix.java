package dev.vernacular.data;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/// NeMo's `model.data.data_prefix`: which datasets training, validation and test take their samples from.
public sealed interface DataPrefix {
    String KEY = "model.data.data_prefix";

    /// One list for all three, divided by `splits_string`.
    record Shared(DatasetBlend blend) implements DataPrefix {}

    /// A list for each; `splits_string` does not matter.
    record Separate(Optional<DatasetBlend> train, Optional<DatasetBlend> validation, Optional<DatasetBlend> test)
            implements DataPrefix {}

    /// @param value a map with the keys train, validation and test (an empty list: none), a list, or a path
    /// @throws DataException if it is none of these
    static DataPrefix parse(Object value) {
        return switch (value) {
            case Map<?, ?> map -> {
                requireKeys(map);
                yield new Separate(entry(map, "train"), entry(map, "validation"), entry(map, "test"));
            }
            case List<?> list -> new Shared(DatasetBlend.parse(KEY, list));
            case String path -> new Shared(DatasetBlend.parse(KEY, path));
            default -> throw new DataException(KEY + " is " + value + ", expected a path, a list or a map");
        };
    }

    private static void requireKeys(Map<?, ?> map) {
        List<String> keys = List.of("train", "validation", "test");
        for (String key : keys) {
            if (!map.containsKey(key)) {
                throw new DataException(KEY + " has no key '" + key + "', all of " + keys + " are required"
                        + "\n  Give an empty list, " + key + ":[], where there is no such data.");
            }
        }
        for (Object key : map.keySet()) {
            if (!keys.contains(key)) {
                throw new DataException(KEY + " has an unknown key '" + key + "', it takes " + keys);
            }
        }
    }

    private static Optional<DatasetBlend> entry(Map<?, ?> map, String key) {
        Object value = map.get(key);
        if (value == null || (value instanceof List<?> list && list.isEmpty())) {
            return Optional.empty();
        }
        return Optional.of(DatasetBlend.parse(KEY + "." + key, value));
    }
}
