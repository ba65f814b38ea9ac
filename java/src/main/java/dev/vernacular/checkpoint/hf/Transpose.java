package dev.vernacular.checkpoint.hf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Matrix transposition in blocks that stay in the cache.
final class Transpose {
    private static final int BLOCK = 32;

    private Transpose() {}

    /// @param from  [rows, cols], elements of `width` bytes
    /// @param into  [cols, rows], written
    static void apply(MemorySegment from, MemorySegment into, long rows, long cols, int width) {
        for (long row = 0; row < rows; row += BLOCK) {
            for (long col = 0; col < cols; col += BLOCK) {
                block(
                        from,
                        into,
                        row,
                        Math.min(rows, row + BLOCK),
                        col,
                        Math.min(cols, col + BLOCK),
                        rows,
                        cols,
                        width);
            }
        }
    }

    private static void block(
            MemorySegment from,
            MemorySegment into,
            long row,
            long lastRow,
            long col,
            long lastCol,
            long rows,
            long cols,
            int width) {
        for (long r = row; r < lastRow; r++) {
            for (long c = col; c < lastCol; c++) {
                long source = (r * cols + c) * width;
                long target = (c * rows + r) * width;
                switch (width) {
                    case 2 ->
                        into.set(
                                ValueLayout.JAVA_SHORT_UNALIGNED,
                                target,
                                from.get(ValueLayout.JAVA_SHORT_UNALIGNED, source));
                    case 4 ->
                        into.set(
                                ValueLayout.JAVA_INT_UNALIGNED,
                                target,
                                from.get(ValueLayout.JAVA_INT_UNALIGNED, source));
                    case 8 ->
                        into.set(
                                ValueLayout.JAVA_LONG_UNALIGNED,
                                target,
                                from.get(ValueLayout.JAVA_LONG_UNALIGNED, source));
                    default -> throw new IllegalArgumentException("elements of " + width + " bytes are not transposed");
                }
            }
        }
    }
}
