package dev.vernacular.kernels.numbers;

import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Reads and writes tensors of every dtype as doubles. Stored values are rounded once, to nearest even. Runs of
/// elements are handled at a time, so that the dtype is looked at once a run.
public final class Elements {
    private Elements() {}

    /// Elements `first .. first + into.length - 1` of the tensor, as if it had one axis.
    public static void read(double[] into, Tensor from, long first) {
        MemorySegment memory = from.segment();
        switch (from.dtype()) {
            case F32 -> {
                for (int i = 0; i < into.length; i++) {
                    into[i] = memory.getAtIndex(ValueLayout.JAVA_FLOAT, first + i);
                }
            }
            case BF16 -> {
                for (int i = 0; i < into.length; i++) {
                    into[i] = HalfFloats.fromBfloat16(memory.getAtIndex(ValueLayout.JAVA_SHORT, first + i));
                }
            }
            case F16 -> {
                for (int i = 0; i < into.length; i++) {
                    into[i] = HalfFloats.fromFloat16(memory.getAtIndex(ValueLayout.JAVA_SHORT, first + i));
                }
            }
            case F64 -> {
                for (int i = 0; i < into.length; i++) {
                    into[i] = memory.getAtIndex(ValueLayout.JAVA_DOUBLE, first + i);
                }
            }
            case I8 -> {
                for (int i = 0; i < into.length; i++) {
                    into[i] = memory.get(ValueLayout.JAVA_BYTE, first + i);
                }
            }
            case I32 -> {
                for (int i = 0; i < into.length; i++) {
                    into[i] = memory.getAtIndex(ValueLayout.JAVA_INT, first + i);
                }
            }
        }
    }

    /// Stores `values` at elements `first ..`.
    public static void write(Tensor to, long first, double[] values) {
        MemorySegment memory = to.segment();
        switch (to.dtype()) {
            case F32 -> {
                for (int i = 0; i < values.length; i++) {
                    memory.setAtIndex(ValueLayout.JAVA_FLOAT, first + i, (float) values[i]);
                }
            }
            case BF16 -> {
                for (int i = 0; i < values.length; i++) {
                    memory.setAtIndex(ValueLayout.JAVA_SHORT, first + i, HalfFloats.toBfloat16(values[i]));
                }
            }
            case F16 -> {
                for (int i = 0; i < values.length; i++) {
                    memory.setAtIndex(ValueLayout.JAVA_SHORT, first + i, HalfFloats.toFloat16(values[i]));
                }
            }
            case F64 -> {
                for (int i = 0; i < values.length; i++) {
                    memory.setAtIndex(ValueLayout.JAVA_DOUBLE, first + i, values[i]);
                }
            }
            case I8 -> {
                for (int i = 0; i < values.length; i++) {
                    memory.set(ValueLayout.JAVA_BYTE, first + i, (byte) Math.rint(values[i]));
                }
            }
            case I32 -> {
                for (int i = 0; i < values.length; i++) {
                    memory.setAtIndex(ValueLayout.JAVA_INT, first + i, (int) values[i]);
                }
            }
        }
    }

    /// What a tensor of `dtype` holds after `value` was stored in it.
    public static double round(double value, Dtype dtype) {
        return switch (dtype) {
            case F32 -> (float) value;
            case BF16 -> HalfFloats.fromBfloat16(HalfFloats.toBfloat16(value));
            case F16 -> HalfFloats.fromFloat16(HalfFloats.toFloat16(value));
            case F64 -> value;
            case I8, I32 -> Math.rint(value);
        };
    }

    /// All elements in order.
    public static double[] all(Tensor tensor) {
        double[] values = new double[Math.toIntExact(tensor.elements())];
        read(values, tensor, 0);
        return values;
    }

    /// The tensor as `rows` rows of `cols`.
    public static double[][] matrix(Tensor tensor, int rows, int cols) {
        double[][] values = new double[rows][cols];
        for (int row = 0; row < rows; row++) {
            read(values[row], tensor, (long) row * cols);
        }
        return values;
    }

    /// Writes rows of equal length one after another; with `accumulate` it adds them to what is there.
    public static void writeMatrix(Tensor to, double[][] values, boolean accumulate) {
        for (int row = 0; row < values.length; row++) {
            writeRow(to, row, values[row], accumulate);
        }
    }

    /// Writes or adds one row of a [.., values.length] tensor.
    public static void writeRow(Tensor to, long row, double[] values, boolean accumulate) {
        long first = row * values.length;
        if (!accumulate) {
            write(to, first, values);
            return;
        }
        double[] total = new double[values.length];
        read(total, to, first);
        for (int i = 0; i < total.length; i++) {
            total[i] += values[i];
        }
        write(to, first, total);
    }

    /// Element `index` of an int32 tensor.
    public static int integer(Tensor tensor, long index) {
        return tensor.segment().getAtIndex(ValueLayout.JAVA_INT, index);
    }
}
