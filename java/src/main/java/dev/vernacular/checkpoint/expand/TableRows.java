package dev.vernacular.checkpoint.expand;

import dev.vernacular.checkpoint.Elements;
import dev.vernacular.kernels.Dtype;
import java.lang.foreign.MemorySegment;

/// Rows of a table in any floating type, as float32.
///
/// @param table  [rows, width] of `dtype`
record TableRows(MemorySegment table, Dtype dtype, int width) {
    float[] get(int row) {
        float[] values = new float[width];
        Elements.toFloat32(slice(row), dtype, MemorySegment.ofArray(values), width);
        return values;
    }

    void set(int row, float[] values) {
        Elements.fromFloat32(MemorySegment.ofArray(values), slice(row), dtype, width);
    }

    /// Mean of the first rows, summed in float64.
    float[] mean(int rows) {
        double[] sum = new double[width];
        for (int row = 0; row < rows; row++) {
            float[] values = get(row);
            for (int c = 0; c < width; c++) {
                sum[c] += values[c];
            }
        }
        float[] mean = new float[width];
        for (int c = 0; c < width; c++) {
            mean[c] = (float) (sum[c] / Math.max(1, rows));
        }
        return mean;
    }

    private MemorySegment slice(int row) {
        long bytes = (long) width * dtype.bytes();
        return table.asSlice(row * bytes, bytes);
    }
}
