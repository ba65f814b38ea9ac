package dev.vernacular.checkpoint.hf;

import dev.vernacular.kernels.Dtype;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;

/// A tensor as a file of weights has it.
interface FileTensor {
    /// The element type as the file spells it.
    String typeName();

    /// Empty for a type that weights do not have.
    Optional<Dtype> dtype();

    long[] shape();

    long byteSize();

    /// Copies the elements, row-major.
    ///
    /// @param into [#byteSize()] bytes, written
    void read(MemorySegment into);

    /// See [dev.vernacular.checkpoint.StoredTensor#requireWhole()].
    ///
    /// @param name for the error
    default void requireWhole(String name) {}

    /// Whether both hold the same numbers.
    default boolean isSame(FileTensor other) {
        if (!typeName().equals(other.typeName()) || !Arrays.equals(shape(), other.shape())) {
            return false;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment here = arena.allocate(byteSize());
            MemorySegment there = arena.allocate(byteSize());
            read(here);
            other.read(there);
            return here.mismatch(there) < 0;
        }
    }
}
