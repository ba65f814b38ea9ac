package dev.vernacular.checkpoint.pickle;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The Python types that become Java data, and those that are known to be harmless though they stay inert.
public final class PythonTypes {
    private static final Set<String> BUILTIN_MODULES = Set.of("builtins", "__builtin__");
    private static final Set<String> HARMLESS = Set.of(
            "_io.BytesIO",
            "copyreg._reconstructor",
            "copy_reg._reconstructor",
            "numpy.core.multiarray.scalar",
            "numpy.core.multiarray._reconstruct",
            "numpy._core.multiarray.scalar",
            "numpy._core.multiarray._reconstruct",
            "numpy.dtype",
            "numpy.ndarray");
    private static final Set<String> HARMLESS_BUILTINS = Set.of(
            "set",
            "frozenset",
            "dict",
            "list",
            "tuple",
            "int",
            "float",
            "bool",
            "str",
            "bytes",
            "bytearray",
            "complex",
            "slice",
            "object");
    private static final Set<String> COLLECTIONS = Set.of("OrderedDict", "defaultdict", "Counter");

    private static final int LARGEST_KEY = 1000;

    private PythonTypes() {}

    /// Whether a name may stand in a file of weights.
    public static boolean isHarmless(Global global) {
        return HARMLESS.contains(global.toString())
                || global.equals(new Global("_codecs", "encode"))
                || global.module().equals("collections") && COLLECTIONS.contains(global.name())
                || BUILTIN_MODULES.contains(global.module()) && HARMLESS_BUILTINS.contains(global.name());
    }

    /// Rebuilds dictionaries, sets, sequences and byte strings.
    public static Optional<Object> call(Global function, List<Object> arguments) {
        if (function.module().equals("collections")) {
            return COLLECTIONS.contains(function.name()) ? Optional.of(dictionary(arguments)) : Optional.empty();
        }
        if (function.module().equals("_codecs") && function.name().equals("encode")) {
            return Optional.of(latin1(arguments));
        }
        return BUILTIN_MODULES.contains(function.module()) ? builtin(function.name(), arguments) : Optional.empty();
    }

    private static Optional<Object> builtin(String name, List<Object> arguments) {
        return switch (name) {
            case "dict" -> Optional.of(dictionary(arguments));
            case "set", "frozenset" -> Optional.of(new LinkedHashSet<>(hashable(elements(arguments))));
            case "list" -> Optional.of(new ArrayList<>(elements(arguments)));
            case "tuple" -> Optional.of(new Tuple(new ArrayList<>(elements(arguments))));
            case "bytearray", "bytes" ->
                arguments.size() == 1 && arguments.getFirst() instanceof byte[] bytes
                        ? Optional.of(bytes)
                        : arguments.isEmpty() ? Optional.of(new byte[0]) : Optional.empty();
            default -> Optional.empty();
        };
    }

    /// The last argument may be a mapping (Counter, dict) or a list of pairs (old OrderedDict); a factory
    /// before it (defaultdict) is dropped.
    private static Map<Object, Object> dictionary(List<Object> arguments) {
        Map<Object, Object> map = new LinkedHashMap<>();
        if (!arguments.isEmpty()) {
            switch (arguments.getLast()) {
                case Map<?, ?> source -> map.putAll(source);
                case List<?> pairs -> pairs.forEach(pair -> putPair(map, pair));
                case Tuple pairs -> pairs.items().forEach(pair -> putPair(map, pair));
                case null, default -> {}
            }
        }
        return map;
    }

    private static void putPair(Map<Object, Object> map, Object pair) {
        List<?> two = pair instanceof Tuple tuple ? tuple.items() : pair instanceof List<?> list ? list : List.of();
        if (two.size() != 2) {
            throw new IllegalArgumentException("a dictionary is made of something that is no pair");
        }
        map.put(hashable(two.getFirst()), two.getLast());
    }

    private static Collection<?> elements(List<Object> arguments) {
        return switch (arguments.isEmpty() ? List.of() : arguments.getFirst()) {
            case Collection<?> items -> items;
            case Tuple tuple -> tuple.items();
            case null, default -> throw new IllegalArgumentException("a collection is made of something that is none");
        };
    }

    private static Collection<?> hashable(Collection<?> items) {
        items.forEach(PythonTypes::hashable);
        return items;
    }

    /// @throws IllegalArgumentException if Python could not use `key` in a dict, or if it is a tuple so large
    ///                                  that hashing it would be an attack
    static Object hashable(Object key) {
        if (hashedValues(key, 0, true) > LARGEST_KEY) {
            throw new IllegalArgumentException("a tuple of more than " + LARGEST_KEY + " values is used as a key");
        }
        return key;
    }

    /// How many values the hash of a tuple visits, at most some more than the limit of a key.
    static int hashedValues(Tuple tuple) {
        return hashedValues(tuple, 0, false);
    }

    /// Tuples may share parts, so the count stops at the limit.
    private static int hashedValues(Object key, int counted, boolean isKey) {
        if (isKey && (key instanceof Collection<?> || key instanceof Map<?, ?>)) {
            throw new IllegalArgumentException("a list, a set or a dict is used as a key");
        }
        int count = counted + 1;
        if (key instanceof Tuple tuple) {
            Iterator<Object> items = tuple.items().iterator();
            while (items.hasNext() && count <= LARGEST_KEY) {
                count = hashedValues(items.next(), count, isKey);
            }
        }
        return count;
    }

    private static byte[] latin1(List<Object> arguments) {
        if (arguments.size() == 2
                && arguments.getFirst() instanceof String text
                && arguments.getLast() instanceof String encoding
                && encoding.replace("-", "").equals("latin1")) {
            return text.getBytes(StandardCharsets.ISO_8859_1);
        }
        throw new IllegalArgumentException("_codecs.encode is used for something other than latin1 bytes");
    }
}
