package dev.vernacular.bench;

import java.util.Arrays;

/// Reads the sizes of a `@Param` such as `1024x768x2304`.
final class Shape {
    private Shape() {}

    static long[] of(String text) {
        return Arrays.stream(text.split("x")).mapToLong(Long::parseLong).toArray();
    }
}
