package dev.vernacular.checkpoint;

import dev.vernacular.kernels.Dtype;
import java.lang.foreign.MemorySegment;

/// One parameter of a model, wherever it is stored.
///
/// The name is one of [dev.vernacular.model.ParameterLayout]'s, and so is the order of rows: those of `qkv` are
/// all queries, then all keys, then all values.
public interface StoredTensor {
    String name();

    Dtype dtype();

    /// `[rows]` or `[rows, cols]`.
    long[] shape();

    /// Copies the elements, row-major and in [#dtype()], into `into` of [#byteSize()] bytes.
    void read(MemorySegment into);

    default long elements() {
        long elements = 1;
        for (long size : shape()) {
            elements *= size;
        }
        return elements;
    }

    default long byteSize() {
        return elements() * dtype().bytes();
    }
}
