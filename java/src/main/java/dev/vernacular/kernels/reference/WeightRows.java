package dev.vernacular.kernels.reference;

import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.Weight;
import dev.vernacular.kernels.numbers.Elements;
import java.lang.foreign.MemorySegment;

/// Rows of weight matrices, from the master or, where there is none, from the reference's compute copy: the
/// matrix row after row in its dtype; for int8 the rows' float32 scales follow, `largest |w| of the row / 127`.
final class WeightRows {
    private static final double LARGEST_I8 = 127;

    private WeightRows() {}

    static long copyBytes(long rows, long cols, Dtype dtype) {
        long values = rows * cols * dtype.bytes();
        return dtype == Dtype.I8 ? (values + 3) / 4 * 4 + rows * Float.BYTES : values;
    }

    static void read(double[] into, Weight weight, long row) {
        if (weight.master().isPresent()) {
            Elements.read(into, weight.master(), row * weight.cols());
        } else {
            readCopy(into, weight, row);
        }
    }

    /// The whole matrix.
    static double[][] all(Weight weight) {
        double[][] rows = new double[Math.toIntExact(weight.rows())][Math.toIntExact(weight.cols())];
        for (int row = 0; row < rows.length; row++) {
            read(rows[row], weight, row);
        }
        return rows;
    }

    static void readCopy(double[] into, Weight weight, long row) {
        Elements.read(into, values(weight), row * weight.cols());
        if (weight.copyDtype() == Dtype.I8) {
            double[] scale = new double[1];
            Elements.read(scale, scales(weight), row);
            for (int i = 0; i < into.length; i++) {
                into[i] *= scale[0];
            }
        }
    }

    static void refresh(Weight weight, Tensor master) {
        double[] values = new double[Math.toIntExact(weight.cols())];
        for (long row = 0; row < weight.rows(); row++) {
            Elements.read(values, master, row * weight.cols());
            if (weight.copyDtype() == Dtype.I8) {
                quantise(values, scales(weight), row);
            }
            Elements.write(values(weight), row * weight.cols(), values);
        }
    }

    private static void quantise(double[] values, Tensor scales, long row) {
        double largest = 0;
        for (double value : values) {
            largest = Math.max(largest, Math.abs(value));
        }
        double scale = Elements.round(largest / LARGEST_I8, Dtype.F32);
        Elements.write(scales, row, new double[] {scale});
        for (int i = 0; i < values.length; i++) {
            values[i] = scale == 0 ? 0 : Math.clamp(Math.rint(values[i] / scale), -LARGEST_I8, LARGEST_I8);
        }
    }

    private static Tensor values(Weight weight) {
        long bytes = weight.rows() * weight.cols() * weight.copyDtype().bytes();
        MemorySegment part = weight.copy().segment().asSlice(0, bytes);
        return new Tensor(part, weight.copyDtype(), weight.rows(), weight.cols());
    }

    /// They start at the next multiple of 4 bytes.
    private static Tensor scales(Weight weight) {
        long first = weight.rows() * weight.cols();
        long aligned = (first + 3) / 4 * 4;
        MemorySegment part = weight.copy().segment().asSlice(aligned, weight.rows() * Float.BYTES);
        return new Tensor(part, Dtype.F32, weight.rows());
    }
}
