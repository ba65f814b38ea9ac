package dev.vernacular.checkpoint.pickle;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// An object of a Python class this program does not rebuild: its class, the arguments it was made with and the
/// state it was given, as data. Reading one runs no code.
///
/// Two objects are equal only if they are the same one, so that records which hold themselves do no harm.
public final class PickledObject {
    private final Global type;
    private final List<Object> arguments;
    private final long offset;
    private final List<Object> items = new ArrayList<>();
    private final Map<Object, Object> entries = new LinkedHashMap<>();
    private Optional<Object> state = Optional.empty();

    /// @param offset where in the pickle it was made, for errors
    PickledObject(Global type, List<Object> arguments, long offset) {
        this.type = type;
        this.arguments = arguments;
        this.offset = offset;
    }

    public Global type() {
        return type;
    }

    public List<Object> arguments() {
        return Collections.unmodifiableList(arguments);
    }

    /// What `__setstate__` would get, or the attributes.
    public Optional<Object> state() {
        return state;
    }

    /// Items appended to it, if its class is a kind of list.
    public List<Object> items() {
        return Collections.unmodifiableList(items);
    }

    /// Entries set in it, if its class is a kind of dict.
    public Map<Object, Object> entries() {
        return Collections.unmodifiableMap(entries);
    }

    public long offset() {
        return offset;
    }

    void append(Object item) {
        items.add(item);
    }

    void put(Object key, Object value) {
        entries.put(key, value);
    }

    void build(Object newState) {
        state = Optional.ofNullable(newState);
    }

    @Override
    public String toString() {
        return type + "(…)";
    }
}
