package dev.vernacular.config;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// The keys that a command reads, and the nearest of them to a key that it does not.
public final class KnownKeys {
    private final Set<String> leaves = new TreeSet<>();
    private final Set<String> sections = new TreeSet<>();
    private final Set<String> open = new TreeSet<>();

    /// @param defaults keys of this tree, and of `others`, dotted
    public KnownKeys(Map<String, Object> defaults, Collection<String> others) {
        leaves.addAll(Tree.leaves(defaults));
        leaves.addAll(others);
        Tree.leaves(defaults).stream()
                .filter(key -> isOpen(Tree.get(defaults, List.of(key.split("\\.")))))
                .forEach(open::add);
        for (String leaf : leaves) {
            for (int dot = leaf.indexOf('.'); dot >= 0; dot = leaf.indexOf('.', dot + 1)) {
                sections.add(leaf.substring(0, dot));
            }
        }
    }

    /// Whether something reads `key`, or keys below it, or a value of any form of which it is a part.
    public boolean contains(String key) {
        int dot = key.lastIndexOf('.');
        return leaves.contains(key) || sections.contains(key) || dot > 0 && open.contains(key.substring(0, dot));
    }

    /// Whether `key` is a known one but for a slip of the pen.
    boolean isSlip(String key) {
        return leaves.stream().anyMatch(known -> distance(known, key) <= 2);
    }

    private static boolean isOpen(Object value) {
        return value == null || "???".equals(value);
    }

    /// The known key that `key` probably means.
    public Optional<String> nearest(String key) {
        String best = "";
        int bestDistance = Math.max(2, key.length() / 4) + 1;
        for (String candidate : leaves) {
            int distance = lastSegment(candidate).equals(lastSegment(key)) ? 1 : distance(candidate, key);
            if (distance < bestDistance) {
                best = candidate;
                bestDistance = distance;
            }
        }
        return Optional.of(best).filter(found -> !found.isEmpty());
    }

    /// `\n  Did you mean …?`, or advice where nothing is near.
    String advice(String key) {
        return nearest(key)
                .map(near -> "\n  Did you mean " + near + "?")
                .orElse("\n  `vernacular train --dry-run` prints all keys and their values.");
    }

    private static String lastSegment(String key) {
        return key.substring(key.lastIndexOf('.') + 1);
    }

    /// Levenshtein's: insertions, deletions and substitutions.
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int substituted = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(substituted, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }
}
