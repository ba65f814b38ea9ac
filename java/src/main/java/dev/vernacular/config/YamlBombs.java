package dev.vernacular.config;

import java.util.ArrayDeque;
import java.util.Deque;
import org.snakeyaml.engine.v2.events.AliasEvent;
import org.snakeyaml.engine.v2.events.CollectionEndEvent;
import org.snakeyaml.engine.v2.events.CollectionStartEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.events.NodeEvent;
import org.snakeyaml.engine.v2.events.ScalarEvent;

/// Walks the events of a YAML text, which needs no recursion and builds nothing, before anything is built:
/// refuses what small texts can hold that takes large memory or a long time.
final class YamlBombs {
    /// What comes next in an open collection.
    private enum Next {
        ITEM,
        KEY,
        VALUE
    }

    private final String label;
    private final Deque<Next> open = new ArrayDeque<>();
    private int aliases;

    YamlBombs(String label) {
        this.label = label;
    }

    /// @throws ConfigException if the text is nested deeply, has many aliases, or a key that is no scalar: to
    ///   hash a key that holds aliases of aliases would take for ever
    void refuse(Iterable<Event> events) {
        for (Event event : events) {
            if (event instanceof NodeEvent node) {
                visit(node);
            } else if (event instanceof CollectionEndEvent) {
                open.pop();
            }
        }
    }

    private void visit(NodeEvent node) {
        if (!open.isEmpty() && open.peek() != Next.ITEM) {
            boolean isKey = open.pop() == Next.KEY;
            if (isKey && !(node instanceof ScalarEvent)) {
                int line = node.getStartMark().map(mark -> mark.getLine() + 1).orElse(0);
                throw new ConfigException(label + ", line " + line + ": a key is a list, a mapping or an alias (*name);"
                        + " a configuration's keys are names");
            }
            open.push(isKey ? Next.VALUE : Next.KEY);
        }
        if (node instanceof CollectionStartEvent start) {
            open.push(start.getEventId() == Event.ID.MappingStart ? Next.KEY : Next.ITEM);
        }
        aliases += node instanceof AliasEvent ? 1 : 0;
        if (open.size() > Yaml.DEEPEST) {
            throw new ConfigException(label + " is nested deeper than " + Yaml.DEEPEST + " levels");
        }
        if (aliases > Yaml.MOST_ALIASES) {
            throw new ConfigException(label + " has more than " + Yaml.MOST_ALIASES + " aliases (*name)");
        }
    }
}
