package dev.vernacular.checkpoint.expand;

import dev.vernacular.checkpoint.Elements;
import dev.vernacular.kernels.Dtype;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Rows of a table in any floating type, as float32. One thread at a time: a buffer is reused.
final class TableRows {
    private final MemorySegment table;
    private final Dtype dtype;
    private final int width;
    private final short[] halves;

    /// @param table [rows, width] of `dtype`
    TableRows(MemorySegment table, Dtype dtype, int width) {
        this.table = table;
        this.dtype = dtype;
        this.width = width;
        this.halves = new short[width];
    }

    int width() {
        return width;
    }

    /// Copies a row into `values`, [width]. Half precision goes through arrays, where the compiler uses vector
    /// instructions: a thousand rows are read for some new ones.
    void get(int row, float[] values) {
        switch (dtype) {
            case F16 -> {
                copyHalves(row);
                for (int c = 0; c < width; c++) {
                    values[c] = Float.float16ToFloat(halves[c]);
                }
            }
            case BF16 -> {
                copyHalves(row);
                for (int c = 0; c < width; c++) {
                    values[c] = Float.intBitsToFloat(halves[c] << 16);
                }
            }
            case F32, F64, I8, I32 -> Elements.toFloat32(slice(row), dtype, MemorySegment.ofArray(values), width);
        }
    }

    void set(int row, float[] values) {
        Elements.fromFloat32(MemorySegment.ofArray(values), slice(row), dtype, width);
    }

    /// Mean of the first rows, summed in float64.
    float[] mean(int rows) {
        double[] sum = new double[width];
        float[] values = new float[width];
        for (int row = 0; row < rows; row++) {
            get(row, values);
            for (int c = 0; c < width; c++) {
                sum[c] += values[c];
            }
        }
        for (int c = 0; c < width; c++) {
            values[c] = (float) (sum[c] / Math.max(1, rows));
        }
        return values;
    }

    private void copyHalves(int row) {
        long at = (long) row * width * Short.BYTES;
        MemorySegment.copy(table, ValueLayout.JAVA_SHORT_UNALIGNED, at, halves, 0, width);
    }

    private MemorySegment slice(int row) {
        long bytes = (long) width * dtype.bytes();
        return table.asSlice(row * bytes, bytes);
    }
}
