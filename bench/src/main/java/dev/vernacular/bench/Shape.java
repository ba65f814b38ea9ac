package dev.vernacular.bench;

import java.util.Arrays;

/// Reads the sizes of a `@Param` such as `1024x768x2304`.
final class Shape {
    private Shape() {}

    /// @throws IllegalArgumentException if the text has another number of sizes
    static long[] of(String text, int count) {
        long[] sizes = Arrays.stream(text.split("x")).mapToLong(Long::parseLong).toArray();
        if (sizes.length != count) {
            throw new IllegalArgumentException("-p shape=" + text + ": " + count + " sizes are wanted");
        }
        return sizes;
    }
}
