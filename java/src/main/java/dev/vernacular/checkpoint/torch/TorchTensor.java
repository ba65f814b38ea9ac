package dev.vernacular.checkpoint.torch;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/// A tensor as a file describes it: a view of a storage.
///
/// @param shape   slowest axis first; empty for a single number
/// @param strides elements between neighbours along each axis
/// @param offset  first element in the storage
public record TorchTensor(TorchDtype dtype, long[] shape, long[] strides, long offset, TorchStorage storage) {
    /// @throws IllegalArgumentException if the view reaches outside its storage
    public TorchTensor {
        shape = shape.clone();
        strides = strides.clone();
        if (strides.length != shape.length) {
            throw new IllegalArgumentException(
                    "a tensor has " + shape.length + " sizes but " + strides.length + " strides");
        }
        requireInside(dtype, shape, strides, offset, storage.byteSize() / dtype.bytes());
    }

    /// A tensor that is its whole storage, row-major.
    public static TorchTensor of(TorchDtype dtype, long[] shape, TorchStorage storage) {
        TorchTensor tensor = new TorchTensor(dtype, shape, rowMajor(shape), 0, storage);
        if (tensor.byteSize() != storage.byteSize()) {
            throw new IllegalArgumentException("a tensor " + dtype + Arrays.toString(shape) + " is " + tensor.byteSize()
                    + " bytes, its storage has " + storage.byteSize());
        }
        return tensor;
    }

    /// A row-major tensor over `bytes`, in native order.
    public static TorchTensor of(TorchDtype dtype, long[] shape, MemorySegment bytes) {
        return of(dtype, shape, new TorchStorage.InMemory(bytes));
    }

    @Override
    public long[] shape() {
        return shape.clone();
    }

    @Override
    public long[] strides() {
        return strides.clone();
    }

    public long elements() {
        return elements(shape);
    }

    /// Bytes of the elements, row-major; the storage may be larger.
    public long byteSize() {
        return elements() * dtype.bytes();
    }

    /// Elements lie in the storage one after the other in row-major order.
    public boolean isContiguous() {
        long expected = 1;
        for (int axis = shape.length - 1; axis >= 0; axis--) {
            if (shape[axis] != 1 && strides[axis] != expected) {
                return elements() == 0;
            }
            expected *= shape[axis];
        }
        return true;
    }

    /// The view of some of this tensor's rows.
    public TorchTensor rows(long first, long count) {
        long[] size = shape();
        size[0] = count;
        return new TorchTensor(dtype, size, strides, offset + first * strides[0], storage);
    }

    /// Copies the elements, row-major and in native byte order, into `into` of [#byteSize()] bytes.
    public void read(MemorySegment into) {
        if (into.byteSize() != byteSize()) {
            throw new IllegalArgumentException("a tensor of " + byteSize() + " bytes is read into " + into.byteSize());
        }
        boolean isWhole = offset == 0 && isContiguous() && byteSize() == storage.byteSize();
        switch (storage) {
            case MappedStorage mapped
            when isCopied(mapped.order()) -> mapped.member().bytes().read(offset * dtype.bytes(), into);
            case MappedStorage mapped -> gather(mapped.member().bytes().segment(), mapped.order(), into);
            case TorchStorage.InMemory memory
            when isCopied(ByteOrder.nativeOrder()) ->
                into.copyFrom(memory.bytes().asSlice(offset * dtype.bytes(), byteSize()));
            case TorchStorage.InMemory memory -> gather(memory.bytes(), ByteOrder.nativeOrder(), into);
            case TorchStorage whole when isWhole -> whole.read(into);
            case TorchStorage view -> throw new IllegalArgumentException("only storages in memory have views");
        }
    }

    /// Looks through the bytes behind this tensor, if they are in a file and nobody has yet.
    ///
    /// @param name of the tensor, for the error
    /// @throws TorchException if they are not what was written
    public void requireWhole(String name) {
        if (storage instanceof MappedStorage mapped) {
            mapped.member().requireWhole(name);
        }
    }

    /// Its bytes are those of the storage, one after the other.
    private boolean isCopied(ByteOrder order) {
        return isContiguous() && (order == ByteOrder.nativeOrder() || dtype.bytes() == 1);
    }

    private void gather(MemorySegment from, ByteOrder order, MemorySegment into) {
        long width = dtype.bytes();
        long[] index = new long[shape.length];
        long source = offset;
        for (long element = 0, count = elements(); element < count; element++) {
            copyElement(from, source * width, order, into, element * width);
            for (int axis = shape.length - 1; axis >= 0; axis--) {
                source += strides[axis];
                if (++index[axis] < shape[axis]) {
                    break;
                }
                source -= index[axis] * strides[axis];
                index[axis] = 0;
            }
        }
    }

    private void copyElement(MemorySegment from, long at, ByteOrder order, MemorySegment into, long to) {
        switch (dtype.bytes()) {
            case 1 -> into.set(ValueLayout.JAVA_BYTE, to, from.get(ValueLayout.JAVA_BYTE, at));
            case 2 ->
                into.set(
                        ValueLayout.JAVA_SHORT_UNALIGNED,
                        to,
                        from.get(ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(order), at));
            case 4 ->
                into.set(
                        ValueLayout.JAVA_INT_UNALIGNED,
                        to,
                        from.get(ValueLayout.JAVA_INT_UNALIGNED.withOrder(order), at));
            default ->
                into.set(
                        ValueLayout.JAVA_LONG_UNALIGNED,
                        to,
                        from.get(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(order), at));
        }
    }

    static long[] rowMajor(long[] shape) {
        long[] strides = new long[shape.length];
        long stride = 1;
        for (int axis = shape.length - 1; axis >= 0; axis--) {
            strides[axis] = stride;
            stride *= shape[axis];
        }
        return strides;
    }

    private static long elements(long[] shape) {
        long elements = 1;
        for (long size : shape) {
            elements = Math.multiplyExact(elements, size);
        }
        return elements;
    }

    private static void requireInside(TorchDtype dtype, long[] shape, long[] strides, long offset, long available) {
        String view = dtype + Arrays.toString(shape) + " with strides " + Arrays.toString(strides) + " at " + offset;
        try {
            long last = offset;
            for (int axis = 0; axis < shape.length; axis++) {
                if (shape[axis] < 0 || strides[axis] < 0) {
                    throw new IllegalArgumentException("a tensor " + view + " has a negative size or stride");
                }
                last = Math.addExact(last, Math.multiplyExact(Math.max(0, shape[axis] - 1), strides[axis]));
            }
            long count = Math.multiplyExact(elements(shape), (long) dtype.bytes());
            if (offset < 0 || offset > available || count > 0 && last >= available) {
                throw new IllegalArgumentException(
                        "a tensor " + view + " reaches outside its storage of " + available + " elements");
            }
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException("a tensor " + view + " is larger than any memory", e);
        }
    }

    @Override
    public boolean equals(Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }

    @Override
    public String toString() {
        return dtype + Arrays.toString(shape);
    }
}
