package dev.vernacular.kernels;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// A dense row-major array in device memory: address, element type, shape. It owns nothing; the block of a
/// [dev.vernacular.kernels.memory.Device] that it lies in does. On CPU backends the segment can be read and
/// written here; on a GPU only the device's `upload` and `download` reach it.
///
/// @param segment the bytes, exactly `elements * dtype.bytes()` of them
/// @param shape   slowest axis first
public record Tensor(MemorySegment segment, Dtype dtype, long... shape) {
    /// "No such tensor", for optional arguments of kernels: a null address.
    public static final Tensor NONE = new Tensor(MemorySegment.NULL, Dtype.F32, 0);

    public Tensor {
        shape = shape.clone();
        long wanted = Math.multiplyExact(elements(shape), dtype.bytes());
        if (segment.byteSize() != wanted) {
            throw new IllegalArgumentException("a tensor " + dtype + Arrays.toString(shape) + " is " + wanted
                    + " bytes, the segment has " + segment.byteSize());
        }
    }

    @Override
    public long[] shape() {
        return shape.clone();
    }

    /// Length of axis `axis`; negative counts from the end.
    public long size(int axis) {
        return shape[axis < 0 ? shape.length + axis : axis];
    }

    public int rank() {
        return shape.length;
    }

    public long elements() {
        return elements(shape);
    }

    /// Product of all axes but the last.
    public long rows() {
        return shape.length == 0 ? 1 : elements(shape) / Math.max(1, size(-1));
    }

    public long bytes() {
        return segment.byteSize();
    }

    public boolean isNone() {
        return segment.address() == 0;
    }

    public boolean isPresent() {
        return !isNone();
    }

    /// The same bytes under another shape of as many elements.
    public Tensor reshape(long... newShape) {
        return new Tensor(segment, dtype, newShape);
    }

    /// Rows `first .. first + count - 1` along the slowest axis.
    public Tensor slice(long first, long count) {
        long[] part = shape.clone();
        part[0] = count;
        long rowBytes = shape[0] == 0 ? 0 : bytes() / shape[0];
        return new Tensor(segment.asSlice(first * rowBytes, count * rowBytes), dtype, part);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Tensor t
                && dtype == t.dtype
                && segment.equals(t.segment)
                && Arrays.equals(shape, t.shape);
    }

    @Override
    public int hashCode() {
        return 31 * segment.hashCode() + Arrays.hashCode(shape);
    }

    @Override
    public String toString() {
        return isNone() ? "none" : dtype + Arrays.toString(shape);
    }

    private static long elements(long[] shape) {
        long elements = 1;
        for (long axis : shape) {
            elements = Math.multiplyExact(elements, axis);
        }
        return elements;
    }
}
