package dev.vernacular.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// The `key=value` arguments of a command line, in Hydra's grammar and with its rules: `key=` changes a key
/// that exists, `+key=` adds one, `++key=` does either, `~key` deletes; a mapping merges into a mapping, a list
/// replaces; the later wins.
public final class Overrides {
    private final List<Assignment> assignments;

    private Overrides(List<Assignment> assignments) {
        this.assignments = List.copyOf(assignments);
    }

    /// @throws ConfigException if one of them does not follow the grammar, with the place
    public static Overrides parse(List<String> texts) {
        return new Overrides(texts.stream().map(OverrideParser::parse).toList());
    }

    /// `value` as a quoted string of the grammar, whatever it holds: `no` stays text, and a path may have
    /// spaces.
    public static String quote(String value) {
        return "'" + value.replace("'", "\\'") + "'";
    }

    /// Whether an argument looks like an override and not like a stray word.
    public static boolean isOverride(String argument) {
        return argument.startsWith("~") || argument.indexOf('=') > 0 && !argument.startsWith("-");
    }

    /// Applies them to `tree` in their order; its own keys are the known ones.
    public void applyTo(Map<String, Object> tree) {
        applyTo(tree, new KnownKeys(tree, List.of()));
    }

    /// Applies them to `tree` in their order.
    ///
    /// @return notes for a person: keys that were forced in (`++`) and that nothing reads
    /// @throws ConfigException if a key is unknown, naming the nearest, or is there already after `+`
    public List<String> applyTo(Map<String, Object> tree, KnownKeys known) {
        List<String> notes = new ArrayList<>();
        for (Assignment assignment : assignments) {
            String key = assignment.key();
            switch (assignment.kind()) {
                case SET -> {
                    if (!Tree.has(tree, assignment.path()) && !known.contains(key)) {
                        throw new ConfigException(
                                "there is no key '" + key + "' (from " + assignment.text() + ")" + known.advice(key));
                    }
                    put(tree, assignment);
                }
                case ADD -> {
                    boolean isContainer = assignment.value() instanceof Map || assignment.value() instanceof List;
                    if (Tree.has(tree, assignment.path()) && !isContainer) {
                        throw new ConfigException(assignment.text() + " adds a key that is there already\n  Write "
                                + assignment.text().substring(1) + " to change it, or ++ for either.");
                    }
                    noteUnread(assignment, known, notes);
                    put(tree, assignment);
                }
                case FORCE -> {
                    noteUnread(assignment, known, notes);
                    put(tree, assignment);
                }
                case DELETE -> delete(tree, assignment, known);
            }
        }
        return notes;
    }

    /// The values alone, as a tree of their own: what the command line says, without what it is laid over.
    /// Deletions are left out.
    public Map<String, Object> values() {
        Map<String, Object> tree = new LinkedHashMap<>();
        assignments.stream()
                .filter(assignment -> assignment.kind() != Assignment.Kind.DELETE)
                .forEach(assignment -> put(tree, assignment));
        return tree;
    }

    private static void noteUnread(Assignment assignment, KnownKeys known, List<String> notes) {
        if (!known.contains(assignment.key())) {
            notes.add("nothing reads " + assignment.key()
                    + known.nearest(assignment.key())
                            .map(near -> "; did you mean " + near + "?")
                            .orElse(""));
        }
    }

    private static void put(Map<String, Object> tree, Assignment assignment) {
        Map<String, Object> parent = tree;
        List<String> path = assignment.path();
        for (String segment : path.subList(0, path.size() - 1)) {
            if (!(parent.get(segment) instanceof Map<?, ?>)) {
                parent.put(segment, new LinkedHashMap<String, Object>());
            }
            parent = Tree.map(parent.get(segment));
        }
        Tree.assign(parent, path.getLast(), assignment.value());
    }

    private static void delete(Map<String, Object> tree, Assignment assignment, KnownKeys known) {
        List<String> path = assignment.path();
        if (!Tree.has(tree, path)) {
            throw new ConfigException(
                    assignment.text() + " deletes a key that is not there" + known.advice(assignment.key()));
        }
        Object present = Tree.get(tree, path);
        if (assignment.hasValue() && !Objects.equals(present, assignment.value())) {
            throw new ConfigException(
                    assignment.text() + " deletes " + assignment.key() + " only with that value, it is " + present
                            + "\n  Write ~" + assignment.key() + " to delete it in any case.");
        }
        Tree.map(Tree.get(tree, path.subList(0, path.size() - 1))).remove(path.getLast());
    }
}
