package dev.vernacular.checkpoint.hf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Matrix transposition in tiles that stay in the cache: each is copied into an array, turned there, and copied
/// out line by line.
final class Transpose {
    private static final int TILE = 64;

    private Transpose() {}

    /// Copies columns of a matrix, from `first` on, as many as fill `into`, each as a row.
    ///
    /// @param from  [rows, cols], elements of `width` bytes
    /// @param into  [any, rows], written
    static void columns(MemorySegment from, long rows, long cols, int width, long first, MemorySegment into) {
        long last = first + into.byteSize() / (rows * width);
        switch (width) {
            case 2 ->
                new Tiles(ValueLayout.JAVA_SHORT_UNALIGNED, new short[TILE * TILE], new short[TILE])
                        .turn(from, rows, cols, first, last, into);
            case 4 ->
                new Tiles(ValueLayout.JAVA_INT_UNALIGNED, new int[TILE * TILE], new int[TILE])
                        .turn(from, rows, cols, first, last, into);
            case 8 ->
                new Tiles(ValueLayout.JAVA_LONG_UNALIGNED, new long[TILE * TILE], new long[TILE])
                        .turn(from, rows, cols, first, last, into);
            default -> throw new IllegalArgumentException("elements of " + width + " bytes are not transposed");
        }
    }

    /// A tile and one line of it, in arrays of the elements' size.
    private record Tiles(ValueLayout layout, Object tile, Object line) {
        void turn(MemorySegment from, long rows, long cols, long first, long last, MemorySegment into) {
            for (long column = first; column < last; column += TILE) {
                int width = (int) Math.min(TILE, last - column);
                for (long row = 0; row < rows; row += TILE) {
                    int height = (int) Math.min(TILE, rows - row);
                    for (int r = 0; r < height; r++) {
                        copyIn(from, (row + r) * cols + column, r * TILE, width);
                    }
                    for (int c = 0; c < width; c++) {
                        takeColumn(c, height);
                        copyOut(into, (column - first + c) * rows + row, height);
                    }
                }
            }
        }

        private void copyIn(MemorySegment from, long element, int to, int count) {
            MemorySegment.copy(from, layout, element * layout.byteSize(), tile, to, count);
        }

        private void copyOut(MemorySegment into, long element, int count) {
            MemorySegment.copy(line, 0, into, layout, element * layout.byteSize(), count);
        }

        private void takeColumn(int column, int height) {
            switch (tile) {
                case short[] values -> {
                    short[] turned = (short[]) line;
                    for (int r = 0; r < height; r++) {
                        turned[r] = values[r * TILE + column];
                    }
                }
                case int[] values -> {
                    int[] turned = (int[]) line;
                    for (int r = 0; r < height; r++) {
                        turned[r] = values[r * TILE + column];
                    }
                }
                default -> {
                    long[] values = (long[]) tile;
                    long[] turned = (long[]) line;
                    for (int r = 0; r < height; r++) {
                        turned[r] = values[r * TILE + column];
                    }
                }
            }
        }
    }
}
