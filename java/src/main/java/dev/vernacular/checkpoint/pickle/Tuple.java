package dev.vernacular.checkpoint.pickle;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/// A Python tuple. Items may be null (Python's None).
public record Tuple(List<Object> items) {
    public Tuple {
        items = Collections.unmodifiableList(items);
    }

    public static Tuple of(Object... items) {
        return new Tuple(Arrays.asList(items.clone()));
    }

    /// A tuple of whole numbers, such as a shape.
    public static Tuple ofNumbers(long... numbers) {
        return new Tuple(Arrays.stream(numbers).<Object>mapToObj(Long::valueOf).toList());
    }
}
