package dev.vernacular.checkpoint.torch;

import dev.vernacular.checkpoint.pickle.Global;
import dev.vernacular.checkpoint.pickle.PickledObject;
import dev.vernacular.checkpoint.pickle.Tuple;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;

/// Walks what a pickle holds and refuses classes that a file of weights has no use for. Nothing of them ran;
/// they are a sign that the file was made to run something, or is of another kind.
final class PlainData {
    private static final int DEEPEST = 200;
    private static final int LONGEST_PATH = 200;
    private final String label;
    private final Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Deque<Place> open = new ArrayDeque<>();

    private record Place(Object value, String path, int depth) {}

    PlainData(String label) {
        this.label = label;
    }

    void require(Object root) {
        add(root, "", 0);
        while (!open.isEmpty()) {
            Place place = open.remove();
            visit(place);
        }
    }

    private void visit(Place place) {
        switch (place.value()) {
            case Global global -> requireHarmless(global, place.path(), "");
            case PickledObject object -> {
                requireHarmless(object.type(), place.path(), " at byte " + object.offset() + " of its pickle");
                addAll(object.arguments(), place);
                addAll(object.items(), place);
                object.state().ifPresent(state -> add(state, place.path(), place.depth() + 1));
                addEntries(object.entries(), place);
            }
            case Map<?, ?> map -> addEntries(map, place);
            case Tuple tuple -> addAll(tuple.items(), place);
            case Collection<?> items -> addAll(items, place);
            default -> {}
        }
    }

    private void addEntries(Map<?, ?> map, Place place) {
        map.forEach((key, value) -> {
            if (!(key instanceof String text && text.endsWith("_extra_state"))) {
                add(key, place.path(), place.depth() + 1);
                add(value, key instanceof String text ? join(place.path(), text) : place.path(), place.depth() + 1);
            }
        });
    }

    private void addAll(Collection<?> items, Place place) {
        items.forEach(item -> add(item, place.path(), place.depth() + 1));
    }

    private void add(Object value, String path, int depth) {
        if (depth > DEEPEST) {
            throw new TorchException(label + ": its data is nested deeper than " + DEEPEST + " levels at " + path);
        }
        boolean mayHoldMore = value instanceof Global
                || value instanceof PickledObject
                || value instanceof Map<?, ?>
                || value instanceof Tuple
                || value instanceof Collection<?>;
        if (mayHoldMore && seen.add(value)) {
            open.add(new Place(value, path, depth));
        }
    }

    private static String join(String path, String key) {
        String joined = path.isEmpty() ? key : path + "." + key;
        return joined.length() > LONGEST_PATH ? joined.substring(0, LONGEST_PATH) : joined;
    }

    private void requireHarmless(Global type, String path, String where) {
        if (!TorchGlobals.isHarmless(type)) {
            throw new TorchException(label + ": " + (path.isEmpty() ? "its data" : "'" + path + "'") + " names " + type
                    + where + ", which has no place among weights\n"
                    + "  Nothing of it was run. Do not load this file elsewhere unless you trust its source.");
        }
    }
}
