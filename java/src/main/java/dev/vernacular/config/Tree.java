package dev.vernacular.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/// Operations on a configuration as it is before it is typed: maps, lists and scalars, null included.
final class Tree {
    private Tree() {}

    /// The mapping `value`, whose keys are strings by the way it was read.
    @SuppressWarnings("unchecked")
    static Map<String, Object> map(Object value) {
        return (Map<String, Object>) value;
    }

    /// A copy that shares no map or list with `source`.
    static Map<String, Object> copy(Map<String, Object> source) {
        Map<String, Object> copy = new LinkedHashMap<>();
        source.forEach((key, value) -> copy.put(key, copyOf(value)));
        return copy;
    }

    private static Object copyOf(Object value) {
        return switch (value) {
            case Map<?, ?> map -> copy(map(map));
            case List<?> list -> list.stream().map(Tree::copyOf).collect(ArrayList::new, ArrayList::add, List::addAll);
            case null -> null;
            default -> value;
        };
    }

    /// Lays `over` onto `base`: mappings merge key by key, everything else replaces.
    static void merge(Map<String, Object> base, Map<String, Object> over) {
        over.forEach((key, value) -> assign(base, key, value));
    }

    /// Sets one key of a mapping, merging a mapping into a mapping.
    static void assign(Map<String, Object> parent, String key, Object value) {
        if (value instanceof Map<?, ?> added && parent.get(key) instanceof Map<?, ?> present) {
            merge(map(present), map(added));
        } else {
            parent.put(key, copyOf(value));
        }
    }

    static boolean has(Map<String, Object> tree, List<String> path) {
        Object node = tree;
        for (String segment : path) {
            if (!(node instanceof Map<?, ?> map) || !map.containsKey(segment)) {
                return false;
            }
            node = map.get(segment);
        }
        return true;
    }

    /// The value at `path`; null where the tree ends before.
    static Object get(Map<String, Object> tree, List<String> path) {
        Object node = tree;
        for (String segment : path) {
            node = node instanceof Map<?, ?> map ? map.get(segment) : null;
        }
        return node;
    }

    /// Dotted keys of all leaves; a mapping without entries is a leaf.
    static Set<String> leaves(Map<String, Object> tree) {
        Set<String> keys = new TreeSet<>();
        addLeaves(keys, "", tree);
        return keys;
    }

    private static void addLeaves(Set<String> keys, String prefix, Map<String, Object> tree) {
        tree.forEach((key, value) -> {
            if (value instanceof Map<?, ?> map && !map.isEmpty()) {
                addLeaves(keys, prefix + key + ".", map(map));
            } else {
                keys.add(prefix + key);
            }
        });
    }
}
