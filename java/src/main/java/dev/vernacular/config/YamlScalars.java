package dev.vernacular.config;

import java.math.BigInteger;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.snakeyaml.engine.v2.api.ConstructNode;
import org.snakeyaml.engine.v2.exceptions.ConstructorException;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.Tag;
import org.snakeyaml.engine.v2.resolver.ScalarResolver;
import org.snakeyaml.engine.v2.schema.CoreSchema;
import org.snakeyaml.engine.v2.schema.Schema;

/// What an unquoted YAML scalar means, by the rules of OmegaConf's loader (the one NeMo reads its files with):
/// YAML 1.1 booleans and integers, and floats that need no point (`2e-4`), which plain YAML 1.1 takes for
/// strings. Times such as `1:30` stay strings here; OmegaConf would read some of them as base-60 integers.
final class YamlScalars implements Schema {
    private static final Pattern NULL = Pattern.compile("~|null|Null|NULL|");
    private static final Pattern BOOL =
            Pattern.compile("yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF");
    private static final Pattern INT = Pattern.compile("[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]+|0|[1-9][0-9_]*)");
    private static final Pattern FLOAT = Pattern.compile("[-+]?([0-9][0-9_]*\\.[0-9_]*([eE][-+]?[0-9]+)?"
            + "|[0-9][0-9_]*[eE][-+]?[0-9]+|\\.[0-9][0-9_]*([eE][-+]?[0-9]+)?|\\.(inf|Inf|INF))|\\.(nan|NaN|NAN)");
    /// Read as something else by other YAML 1.1 readers, so quoted when written.
    private static final Pattern AMBIGUOUS = Pattern.compile(
            "[-+]?[0-9][0-9_]*(:[0-5]?[0-9])++(\\.[0-9_]*)?|\\d{4}-\\d\\d?-\\d\\d?([Tt \\t].*)?|=|<<|[yYnN]");
    private static final Tag OTHER = new Tag(Tag.PREFIX + "timestamp");
    private static final int LONGEST_NUMBER = 400;
    private final boolean isForWriting;

    private YamlScalars(boolean isForWriting) {
        this.isForWriting = isForWriting;
    }

    static YamlScalars forReading() {
        return new YamlScalars(false);
    }

    /// Makes the writer quote every string that some YAML reader would take for another type.
    static YamlScalars forWriting() {
        return new YamlScalars(true);
    }

    @Override
    public ScalarResolver getScalarResolver() {
        return (text, isPlain) -> isPlain ? tagOf(text) : Tag.STR;
    }

    @Override
    public Map<Tag, ConstructNode> getSchemaTagConstructors() {
        Map<Tag, ConstructNode> constructors = new HashMap<>(new CoreSchema().getSchemaTagConstructors());
        constructors.put(Tag.BOOL, node -> booleanOf(text(node)));
        constructors.put(Tag.INT, node -> number(node, YamlScalars::integerOf));
        constructors.put(Tag.FLOAT, node -> number(node, YamlScalars::floatOf));
        return constructors;
    }

    /// A tag can call anything a number (`!!int x`), and converting millions of digits takes minutes.
    private static Number number(Node node, Function<String, Number> conversion) {
        String text = text(node);
        try {
            if (text.length() <= LONGEST_NUMBER) {
                return conversion.apply(text);
            }
        } catch (NumberFormatException e) {
            // Said below.
        }
        throw new ConstructorException(null, Optional.empty(), "found what is no number", node.getStartMark());
    }

    private Tag tagOf(String text) {
        if (NULL.matcher(text).matches()) {
            return Tag.NULL;
        }
        if (BOOL.matcher(text).matches()) {
            return Tag.BOOL;
        }
        if (INT.matcher(text).matches()) {
            return Tag.INT;
        }
        if (FLOAT.matcher(text).matches()) {
            return Tag.FLOAT;
        }
        return isForWriting && AMBIGUOUS.matcher(text).matches() ? OTHER : Tag.STR;
    }

    private static String text(Node node) {
        return ((ScalarNode) node).getValue();
    }

    private static Boolean booleanOf(String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "yes", "true", "on" -> true;
            default -> false;
        };
    }

    private static Number integerOf(String text) {
        String digits = text.replace("_", "");
        boolean isNegative = digits.startsWith("-");
        if (isNegative || digits.startsWith("+")) {
            digits = digits.substring(1);
        }
        BigInteger magnitude;
        if (digits.startsWith("0x")) {
            magnitude = new BigInteger(digits.substring(2), 16);
        } else if (digits.startsWith("0b")) {
            magnitude = new BigInteger(digits.substring(2), 2);
        } else {
            magnitude = new BigInteger(digits, digits.startsWith("0") ? 8 : 10);
        }
        BigInteger value = isNegative ? magnitude.negate() : magnitude;
        return value.bitLength() < Long.SIZE ? (Number) value.longValue() : value;
    }

    private static Double floatOf(String text) {
        String digits = text.replace("_", "").toLowerCase(Locale.ROOT);
        return switch (digits) {
            case ".inf", "+.inf" -> Double.POSITIVE_INFINITY;
            case "-.inf" -> Double.NEGATIVE_INFINITY;
            case ".nan" -> Double.NaN;
            default -> Double.valueOf(digits);
        };
    }
}
