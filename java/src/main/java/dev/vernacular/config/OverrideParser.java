package dev.vernacular.config;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Reads one override in Hydra 1.3's grammar (its `OverrideLexer.g4` and `OverrideParser.g4`):
///
/// ```
/// override   ['+' | '++' | '~'] key ['=' value]
/// value      quoted | '[' value, … ']' | '{' key: value, … '}' | primitive
/// primitive  words, numbers, `${…}` and / - \ + . $ % * @ ? | : in a row; one number, boolean or null alone keeps its
/// type
/// ```
///
/// What Hydra uses for several runs at once (a comma list, `choice(…)`) is refused: a command is one run.
final class OverrideParser {
    private static final String INTEGER = "(?:0|[1-9](?:_?[0-9])*)";
    private static final String DIGITS = "[0-9](?:_?[0-9])*";
    private static final String POINT = "(?:" + INTEGER + "?\\." + DIGITS + "|" + INTEGER + "\\.)";
    /// In the lexer's order: of two matches of the same length the first wins.
    private static final Pattern[] PIECES = {
        Pattern.compile("[+-]?(?:(?:" + POINT + "|" + INTEGER + ")[eE][+-]?" + DIGITS + "|" + POINT
                + "|[Ii][Nn][Ff]|[Nn][Aa][Nn])"),
        Pattern.compile("[+-]?" + INTEGER),
        Pattern.compile("[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]"),
        Pattern.compile("[Nn][Uu][Ll][Ll]"),
        Pattern.compile("[/\\-+.$%*@?|:]|\\\\(?![\\\\()\\[\\]{}:=, \\t])"),
        Pattern.compile("[A-Za-z_][A-Za-z0-9_-]*"),
        Pattern.compile("(?:\\\\[\\\\()\\[\\]{}:=, \\t])+"),
        Pattern.compile("[ \\t]+"),
    };
    private static final Pattern KEY = Pattern.compile("[A-Za-z_$][A-Za-z0-9_$-]*|[0-9]+");
    private static final int FLOAT = 0;
    private static final int INT = 1;
    private static final int BOOL = 2;
    private static final int NULL = 3;
    private static final int ESCAPE = 6;
    private static final int DEEPEST = 64;

    private final String text;
    private int at;
    private int depth;

    private OverrideParser(String text) {
        this.text = text;
    }

    static Assignment parse(String text) {
        return new OverrideParser(text).assignment();
    }

    private Assignment assignment() {
        Assignment.Kind kind = kind();
        int equals = text.indexOf('=', at);
        String key = text.substring(at, equals < 0 ? text.length() : equals).strip();
        List<String> path = path(key);
        if (equals < 0) {
            if (kind != Assignment.Kind.DELETE) {
                throw wrong("has no '='", "Write " + key + "=VALUE.");
            }
            return new Assignment(kind, path, "", false, text);
        }
        at = equals + 1;
        skipSpace();
        Object value = at == text.length() ? "" : value("");
        skipSpace();
        if (at < text.length()) {
            if (text.charAt(at) == ',') {
                throw wrong(
                        "is a list of values, which in Hydra means several runs",
                        "For one text with commas quote it: " + key + "=\"'…'\"; for a list write [ ] around it.");
            }
            throw unexpected();
        }
        return new Assignment(kind, path, value, true, text);
    }

    private Assignment.Kind kind() {
        if (text.startsWith("++")) {
            at = 2;
            return Assignment.Kind.FORCE;
        }
        if (text.startsWith("+")) {
            at = 1;
            return Assignment.Kind.ADD;
        }
        if (text.startsWith("~")) {
            at = 1;
            return Assignment.Kind.DELETE;
        }
        return Assignment.Kind.SET;
    }

    private List<String> path(String key) {
        List<String> path = List.of(key.split("\\.", -1));
        for (String segment : path) {
            if (!KEY.matcher(segment).matches()) {
                throw wrong(
                        "has the key '" + key + "', which is no dotted name",
                        "A key is like model.optim.lr: letters, digits, _ and -.");
            }
        }
        return path;
    }

    /// @param stop characters that end a primitive here, beside those that always do
    private Object value(String stop) {
        skipSpace();
        if (at == text.length()) {
            throw wrong("ends where a value should be", "Write the value, or '' for an empty text.");
        }
        return switch (text.charAt(at)) {
            case '\'', '"' -> quoted();
            case '[' -> nested(this::list);
            case '{' -> nested(this::map);
            default -> primitive(stop);
        };
    }

    private interface Container {
        Object read();
    }

    private Object nested(Container container) {
        if (++depth > DEEPEST) {
            throw wrong("is nested deeper than " + DEEPEST + " levels", "Put such a value into the --config file.");
        }
        at++;
        Object read = container.read();
        depth--;
        return read;
    }

    private List<Object> list() {
        List<Object> list = new ArrayList<>();
        if (accept(']')) {
            return list;
        }
        do {
            list.add(value(""));
        } while (accept(','));
        expect(']');
        return list;
    }

    private Map<String, Object> map() {
        Map<String, Object> map = new LinkedHashMap<>();
        if (accept('}')) {
            return map;
        }
        do {
            skipSpace();
            Object key = at < text.length() && (text.charAt(at) == '"' || text.charAt(at) == '\'')
                    ? quoted()
                    : primitive(":");
            expect(':');
            map.put(String.valueOf(key), value(""));
        } while (accept(','));
        expect('}');
        return map;
    }

    /// Inside quotes a backslash only hides the same quote, or the backslashes before a quote.
    private String quoted() {
        int start = at;
        char quote = text.charAt(at++);
        StringBuilder out = new StringBuilder();
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == quote) {
                at++;
                return out.toString();
            }
            int backslashes = at;
            while (backslashes < text.length() && text.charAt(backslashes) == '\\') {
                backslashes++;
            }
            int count = backslashes - at;
            if (count > 0 && backslashes < text.length() && text.charAt(backslashes) == quote) {
                out.append("\\".repeat(count / 2));
                at = backslashes;
                if (count % 2 == 1) {
                    out.append(quote);
                    at++;
                }
            } else {
                out.append(count > 0 ? "\\".repeat(count) : String.valueOf(c));
                at += Math.max(1, count);
            }
        }
        throw wrong("has a quote at character " + (start + 1) + " that is not closed", "Close it.");
    }

    private Object primitive(String stop) {
        int start = at;
        int end = at;
        int pieces = 0;
        StringBuilder out = new StringBuilder();
        int length = 0;
        while (at < text.length() && stop.indexOf(text.charAt(at)) < 0 && piece(out)) {
            // Spaces at the end do not count: what follows them does, if anything.
            if (!text.substring(Math.max(end, start), at).isBlank()) {
                pieces++;
                end = at;
                length = out.length();
            }
        }
        if (pieces == 0) {
            throw unexpected();
        }
        out.setLength(length);
        return pieces == 1 ? typed(text.substring(start, end), out.toString()) : out.toString();
    }

    /// Appends the longest piece at [#at] and steps over it; false if there is none.
    private boolean piece(StringBuilder out) {
        if (text.startsWith("${", at)) {
            int end = endOfInterpolation();
            out.append(text, at, end);
            at = end;
            return true;
        }
        int best = -1;
        int bestEnd = at;
        for (int i = 0; i < PIECES.length; i++) {
            Matcher matcher = PIECES[i].matcher(text).region(at, text.length());
            if (matcher.lookingAt() && matcher.end() > bestEnd) {
                best = i;
                bestEnd = matcher.end();
            }
        }
        if (best < 0) {
            return false;
        }
        if (bestEnd < text.length() && text.charAt(bestEnd) == '(' && best != ESCAPE) {
            throw wrong(
                    "calls the function " + text.substring(at, bestEnd) + "(…), which in Hydra makes sweeps and casts",
                    "Write the value itself, or quote it to mean this text.");
        }
        String piece = text.substring(at, bestEnd);
        out.append(best == ESCAPE ? piece.replaceAll("\\\\(.)", "$1") : piece);
        at = bestEnd;
        return true;
    }

    private int endOfInterpolation() {
        int open = 0;
        for (int i = at + 1; i < text.length(); i++) {
            open += text.charAt(i) == '{' ? 1 : text.charAt(i) == '}' ? -1 : 0;
            if (open == 0) {
                return i + 1;
            }
        }
        throw wrong("has a ${ at character " + (at + 1) + " that is not closed", "Close it with }.");
    }

    private static Object typed(String word, String unescaped) {
        if (PIECES[INT].matcher(word).matches()) {
            BigInteger value = new BigInteger(word.replace("_", "").replaceFirst("^\\+", ""));
            return value.bitLength() < Long.SIZE ? (Object) value.longValue() : (Object) value.doubleValue();
        }
        if (PIECES[FLOAT].matcher(word).matches()) {
            return number(word.replace("_", "").toLowerCase(Locale.ROOT));
        }
        if (PIECES[BOOL].matcher(word).matches()) {
            return word.equalsIgnoreCase("true");
        }
        return PIECES[NULL].matcher(word).matches() ? null : unescaped;
    }

    private static double number(String word) {
        return switch (word) {
            case "inf", "+inf" -> Double.POSITIVE_INFINITY;
            case "-inf" -> Double.NEGATIVE_INFINITY;
            case "nan", "+nan", "-nan" -> Double.NaN;
            default -> Double.parseDouble(word);
        };
    }

    private boolean accept(char wanted) {
        skipSpace();
        if (at < text.length() && text.charAt(at) == wanted) {
            at++;
            return true;
        }
        return false;
    }

    private void expect(char wanted) {
        if (!accept(wanted)) {
            throw at == text.length() ? wrong("ends where '" + wanted + "' should be", "Close it.") : unexpected();
        }
    }

    private void skipSpace() {
        while (at < text.length() && (text.charAt(at) == ' ' || text.charAt(at) == '\t')) {
            at++;
        }
    }

    private ConfigException unexpected() {
        return at == text.length()
                ? wrong("ends too early", "Write the value, or '' for an empty text.")
                : wrong(
                        "has '" + Character.toString(text.codePointAt(at)) + "' at character " + (at + 1),
                        "Put quotes around a text with such characters: key=\"…\", inside the shell's own quotes.");
    }

    private ConfigException wrong(String what, String mend) {
        return new ConfigException("the override " + text + " " + what + "\n  " + mend);
    }
}
