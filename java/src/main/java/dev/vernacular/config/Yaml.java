package dev.vernacular.config;

import dev.vernacular.files.FilesException;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.common.FlowStyle;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.Tag;
import org.snakeyaml.engine.v2.representer.StandardRepresenter;

/// Reads and writes YAML as plain maps, lists and scalars, with the number and boolean rules of NeMo's own
/// loader (see [YamlScalars]).
///
/// A mapping is a `LinkedHashMap` with string keys, a sequence an `ArrayList`; integers are `Long`
/// (`BigInteger` beyond), floats `Double`, and YAML's null is a null value inside its map or list.
/// Interpolations stay text.
public final class Yaml {
    /// Bytes of a configuration; those of models have some 10,000.
    public static final int LONGEST_TEXT = 4 << 20;

    static final int DEEPEST = 64;
    static final int MOST_ALIASES = 1000;
    private static final int MOST_VALUES = 250_000;

    private Yaml() {}

    /// @throws FilesException  if the file cannot be read
    /// @throws ConfigException if it is no YAML mapping, naming file and line
    public static Map<String, Object> read(Path file) {
        try {
            if (Files.size(file) > LONGEST_TEXT) {
                throw new ConfigException(file + " has " + Files.size(file) + " bytes, a configuration has at most "
                        + LONGEST_TEXT + "\n  Is it a configuration file?");
            }
            return parse(Files.readString(file), file.toString());
        } catch (CharacterCodingException e) {
            throw new ConfigException(file + " is not UTF-8 text\n  Is it a YAML file?", e);
        } catch (IOException e) {
            throw FilesException.reading(file, e);
        }
    }

    /// @param label names the source in errors
    /// @throws ConfigException if `utf8` is no YAML mapping, naming label and line
    public static Map<String, Object> parse(byte[] utf8, String label) {
        return parse(new String(utf8, StandardCharsets.UTF_8), label);
    }

    /// As [#parse(byte[], String)].
    public static Map<String, Object> parse(String text, String label) {
        LoadSettings settings = LoadSettings.builder()
                .setSchema(YamlScalars.forReading())
                .setLabel(label)
                .setCodePointLimit(LONGEST_TEXT)
                // All at once: a scalar that spans several reads is copied at each of them.
                .setBufferSize(text.length() + 1)
                .setMaxAliasesForCollections(MOST_ALIASES)
                .build();
        Object document;
        try {
            new YamlBombs(label).refuse(new Parse(settings).parseString(text));
            document = new Load(settings).loadFromString(text);
        } catch (YamlEngineException e) {
            boolean isTheirs = e.getCause() == null || e instanceof MarkedYamlEngineException;
            throw new ConfigException(
                    label + " is not valid YAML: "
                            + (isTheirs ? e.getMessage() : "a value is not of the kind that its tag (!!…) names"),
                    e);
        }
        if (!(document instanceof Map<?, ?> map)) {
            throw new ConfigException(label + " is not a YAML mapping (key: value lines) but "
                    + (document == null ? "empty" : "a " + document.getClass().getSimpleName()));
        }
        return new Copy(label).map(map, 0);
    }

    /// Writes a mapping with its keys sorted at every level, as NeMo does; the same map gives the same bytes.
    /// Floats are written with a point and a signed exponent, so that every YAML reader takes them for floats.
    public static String write(Map<String, ?> values) {
        DumpSettings settings = DumpSettings.builder()
                .setSchema(YamlScalars.forWriting())
                .setDefaultFlowStyle(FlowStyle.BLOCK)
                .setDereferenceAliases(true)
                .setWidth(4096)
                .build();
        return new Dump(settings, new Representer(settings)).dumpToString(sorted(values));
    }

    /// Python's `repr` of a float, with a point before any exponent: `2.0e-05`, `0.1`, `1.0e+20`.
    static String floatText(double value) {
        if (Double.isNaN(value)) {
            return ".nan";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? ".inf" : "-.inf";
        }
        String java = Double.toString(value);
        int e = java.indexOf('E');
        if (e < 0) {
            return java;
        }
        int exponent = Integer.parseInt(java.substring(e + 1));
        if (exponent >= -4 && exponent < 16) {
            String plain = new BigDecimal(java).stripTrailingZeros().toPlainString();
            return plain.contains(".") ? plain : plain + ".0";
        }
        return "%se%s%02d".formatted(java.substring(0, e), exponent < 0 ? "-" : "+", Math.abs(exponent));
    }

    private static Object sorted(Object value) {
        return switch (value) {
            case Map<?, ?> map -> {
                Map<String, Object> copy = new TreeMap<>();
                map.forEach((key, item) -> copy.put(String.valueOf(key), sorted(item)));
                yield copy;
            }
            case List<?> list -> list.stream().map(Yaml::sorted).collect(ArrayList::new, ArrayList::add, List::addAll);
            case null -> null;
            default -> value;
        };
    }

    /// Copies what the loader built: keys become text, and anchors used again become copies, counted.
    private static final class Copy {
        private final String label;
        private int values;

        Copy(String label) {
            this.label = label;
        }

        Map<String, Object> map(Map<?, ?> source, int depth) {
            Map<String, Object> copy = new LinkedHashMap<>();
            source.forEach((key, value) -> copy.put(String.valueOf(key), value(value, depth + 1)));
            return copy;
        }

        private Object value(Object source, int depth) {
            values++;
            if (depth > DEEPEST || values > MOST_VALUES) {
                throw new ConfigException(label + " unfolds to more than " + MOST_VALUES + " values or " + DEEPEST
                        + " levels; its anchors (&name) multiply");
            }
            return switch (source) {
                case Map<?, ?> map -> map(map, depth);
                case List<?> list -> {
                    List<Object> copy = new ArrayList<>();
                    list.forEach(item -> copy.add(value(item, depth + 1)));
                    yield copy;
                }
                case Integer small -> small.longValue();
                case String text -> text;
                case Number number -> number;
                case Boolean flag -> flag;
                case null -> null;
                default ->
                    throw new ConfigException(label + " holds bytes or a set (!!binary, !!set), which no key takes");
            };
        }
    }

    private static final class Representer extends StandardRepresenter {
        Representer(DumpSettings settings) {
            super(settings);
            representers.put(Double.class, this::floating);
            representers.put(Float.class, this::floating);
        }

        private Node floating(Object value) {
            double number = value instanceof Float small ? Double.parseDouble(small.toString()) : (Double) value;
            return representScalar(Tag.FLOAT, floatText(number));
        }
    }
}
