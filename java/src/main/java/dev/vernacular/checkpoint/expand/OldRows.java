package dev.vernacular.checkpoint.expand;

import dev.vernacular.checkpoint.Elements;
import dev.vernacular.checkpoint.StoredTensor;
import java.lang.foreign.MemorySegment;

/// Rows of a token table in any floating type, as float32, read one at a time where they are stored. One thread
/// at a time: a buffer is reused.
final class OldRows {
    private final StoredTensor table;
    private final int width;
    private final short[] halves;

    /// @param table [rows, width], of which rows can be read by themselves
    OldRows(StoredTensor table) {
        this.table = table;
        width = Math.toIntExact(table.shape()[1]);
        halves = new short[width];
    }

    int width() {
        return width;
    }

    /// Copies a row into `values`, [width]. Numbers go through arrays, where the compiler uses vector
    /// instructions: hundreds of rows are read for one new one.
    void get(int row, float[] values) {
        switch (table.dtype()) {
            case F32 -> table.readRows(row, MemorySegment.ofArray(values));
            case F16 -> {
                table.readRows(row, MemorySegment.ofArray(halves));
                for (int c = 0; c < width; c++) {
                    values[c] = Float.float16ToFloat(halves[c]);
                }
            }
            case BF16 -> {
                table.readRows(row, MemorySegment.ofArray(halves));
                for (int c = 0; c < width; c++) {
                    values[c] = Float.intBitsToFloat(halves[c] << 16);
                }
            }
            case F64, I8, I32 -> {
                MemorySegment stored = MemorySegment.ofArray(new byte[Math.toIntExact(table.rowBytes())]);
                table.readRows(row, stored);
                Elements.toFloat32(stored, table.dtype(), MemorySegment.ofArray(values), width);
            }
        }
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
}
