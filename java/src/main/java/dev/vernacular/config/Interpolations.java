package dev.vernacular.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// OmegaConf's `${…}`: `${a.b}` is the value of that key, `${.x}` of a sibling, `${..x}` of the parent's
/// sibling; `${multiply:a,b}` and `${sum:a,b}` calculate, as NeMo registers them. A text that is one
/// interpolation takes the value's type; within more text the value is spelled. `\${` is a plain `${`. `???` (a
/// value that must be given) stays.
final class Interpolations {
    private static final int DEEPEST = 32;
    private final Map<String, Object> root;

    private Interpolations(Map<String, Object> root) {
        this.root = root;
    }

    /// A copy of `root` without interpolations.
    ///
    /// @throws ConfigException if one names no key, or refers to itself
    static Map<String, Object> resolve(Map<String, Object> root) {
        return new Interpolations(root).map(root, List.of(), 0);
    }

    private Map<String, Object> map(Map<String, Object> source, List<String> path, int depth) {
        Map<String, Object> out = new LinkedHashMap<>();
        source.forEach((key, value) -> {
            List<String> below = new ArrayList<>(path);
            below.add(key);
            out.put(key, value(value, below, depth));
        });
        return out;
    }

    /// @param path where the value stands, for relative names
    private Object value(Object source, List<String> path, int depth) {
        if (depth > DEEPEST) {
            throw new ConfigException(String.join(".", path) + " is '" + source
                    + "', which refers to itself in the end\n  Give one of the keys a plain value.");
        }
        return switch (source) {
            case Map<?, ?> map -> map(Tree.map(map), path, depth);
            case List<?> list -> {
                List<Object> out = new ArrayList<>();
                list.forEach(item -> out.add(value(item, path, depth)));
                yield out;
            }
            case String text when text.contains("${") -> text(text, path, depth);
            case null -> null;
            default -> source;
        };
    }

    private Object text(String text, List<String> path, int depth) {
        StringBuilder out = new StringBuilder();
        int at = 0;
        while (at < text.length()) {
            int open = text.indexOf("${", at);
            if (open < 0) {
                out.append(text, at, text.length());
                break;
            }
            if (open > 0 && text.charAt(open - 1) == '\\') {
                out.append(text, at, open - 1).append("${");
                at = open + 2;
                continue;
            }
            int close = close(text, open, path);
            Object value = expression(text.substring(open + 2, close), path, depth);
            if (open == 0 && close == text.length() - 1) {
                return value;
            }
            out.append(text, at, open).append(spell(value));
            at = close + 1;
        }
        return out.toString();
    }

    private static int close(String text, int open, List<String> path) {
        int depth = 0;
        for (int i = open + 1; i < text.length(); i++) {
            depth += text.charAt(i) == '{' ? 1 : text.charAt(i) == '}' ? -1 : 0;
            if (depth == 0) {
                return i;
            }
        }
        throw new ConfigException(String.join(".", path) + " is '" + text + "', its ${ is not closed");
    }

    private Object expression(String inside, List<String> path, int depth) {
        int colon = inside.indexOf(':');
        int nested = inside.indexOf("${");
        if (colon >= 0 && (nested < 0 || colon < nested)) {
            return call(inside.substring(0, colon).strip(), arguments(inside.substring(colon + 1)), path, depth);
        }
        String name = spell(text(inside, path, depth + 1)).strip();
        return value(lookUp(name, path), target(name, path), depth + 1);
    }

    private Object call(String function, List<String> arguments, List<String> path, int depth) {
        double result = function.equals("multiply") ? 1 : 0;
        boolean isWhole = true;
        for (String argument : arguments) {
            Object value = argument.contains("${") ? text(argument, path, depth + 1) : argument;
            double number = number(value, function, path);
            isWhole &= number == Math.rint(number);
            result = switch (function) {
                case "multiply" -> result * number;
                case "sum" -> result + number;
                default ->
                    throw new ConfigException(String.join(".", path) + " calls ${" + function
                            + ":…}; known are ${multiply:a,b} and ${sum:a,b}");
            };
        }
        return isWhole && Math.abs(result) < 1L << 53 ? (Object) (long) result : (Object) result;
    }

    private static double number(Object value, String function, List<String> path) {
        try {
            return value instanceof Number number
                    ? number.doubleValue()
                    : Double.parseDouble(spell(value).strip());
        } catch (NumberFormatException e) {
            throw new ConfigException(
                    String.join(".", path) + " gives ${" + function + ":…} '" + value + "', it takes numbers", e);
        }
    }

    /// Splits at commas outside braces.
    private static List<String> arguments(String text) {
        List<String> arguments = new ArrayList<>();
        int depth = 0;
        int start = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            depth += c == '{' ? 1 : c == '}' ? -1 : 0;
            if (c == ',' && depth == 0) {
                arguments.add(text.substring(start, i).strip());
                start = i + 1;
            }
        }
        arguments.add(text.substring(start).strip());
        return arguments;
    }

    private Object lookUp(String name, List<String> path) {
        List<String> target = target(name, path);
        if (!Tree.has(root, target)) {
            throw new ConfigException(
                    String.join(".", path) + " refers to ${" + name + "}, there is no key " + String.join(".", target));
        }
        return Tree.get(root, target);
    }

    private static List<String> target(String name, List<String> path) {
        int dots = 0;
        while (dots < name.length() && name.charAt(dots) == '.') {
            dots++;
        }
        List<String> target = new ArrayList<>();
        if (dots > 0) {
            target.addAll(path.subList(0, Math.max(0, path.size() - dots)));
        }
        target.addAll(List.of(name.substring(dots).split("\\.", -1)));
        return target;
    }

    private static String spell(Object value) {
        return value == null ? "null" : value.toString();
    }
}
