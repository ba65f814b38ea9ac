package dev.vernacular.checkpoint.hf;

import dev.vernacular.checkpoint.StoredTensor;
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

    /// Copies rows, or elements of a vector, from `first` on, as many as fill `into`.
    void readRows(long first, MemorySegment into);

    /// See [dev.vernacular.checkpoint.StoredTensor#requireWhole()].
    ///
    /// @param name for the error
    default void requireWhole(String name) {}

    /// Whether both, matrices of at least one row, hold the same numbers.
    default boolean isSame(FileTensor other) {
        if (!typeName().equals(other.typeName()) || !Arrays.equals(shape(), other.shape())) {
            return false;
        }
        long rows = shape()[0];
        long atATime = Math.clamp(StoredTensor.PIECE / (byteSize() / rows), 1, rows);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment here = arena.allocate(atATime * (byteSize() / rows));
            MemorySegment there = arena.allocate(here.byteSize());
            for (long row = 0; row < rows; row += atATime) {
                long bytes = Math.min(atATime, rows - row) * (byteSize() / rows);
                readRows(row, here.asSlice(0, bytes));
                other.readRows(row, there.asSlice(0, bytes));
                if (here.asSlice(0, bytes).mismatch(there.asSlice(0, bytes)) >= 0) {
                    return false;
                }
            }
            return true;
        }
    }
}
