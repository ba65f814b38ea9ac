package dev.vernacular.checkpoint.expand;

import dev.vernacular.checkpoint.CheckpointException;
import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.checkpoint.StoredTensor;
import dev.vernacular.model.ParameterLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.LongPredicate;

/// Compares an expanded model, as it was written, with the one it was made from: every old row and every other
/// tensor has to be there bit for bit. One pair of tensors is in memory at a time.
///
/// @param base    the model before
/// @param written the model after
public record KeptWeights(ModelFile base, ExpansionPlan plan, ModelFile written) {
    /// @throws CheckpointException naming the first tensor and row that differ
    public void require() {
        if (written.tensors().size() != base.tensors().size()) {
            throw changed("it has " + written.tensors().size() + " tensors for "
                    + base.tensors().size());
        }
        for (int i = 0; i < base.tensors().size(); i++) {
            StoredTensor before = base.tensors().get(i);
            StoredTensor after = written.tensors().get(i);
            if (!after.name().equals(before.name()) || after.dtype() != before.dtype()) {
                throw changed(before.name() + " has become " + after.name() + " of type " + after.dtype());
            }
            LongPredicate isKept = ParameterLayout.isTokenTable(before.name()) ? plan::keeps : row -> true;
            try (Arena arena = Arena.ofConfined()) {
                requireSame(before, read(before, arena), read(after, arena), isKept);
            }
        }
    }

    private void requireSame(StoredTensor tensor, MemorySegment before, MemorySegment after, LongPredicate isKept) {
        long rowBytes = before.byteSize() / tensor.shape()[0];
        long end = Math.min(before.byteSize(), after.byteSize());
        long at = 0;
        while (at < end) {
            long mismatch = MemorySegment.mismatch(before, at, end, after, at, end);
            if (mismatch < 0) {
                return;
            }
            long row = (at + mismatch) / rowBytes;
            if (isKept.test(row)) {
                throw changed(tensor.name() + " differs, first in row " + row);
            }
            at = (row + 1) * rowBytes;
        }
    }

    private static MemorySegment read(StoredTensor tensor, Arena arena) {
        MemorySegment bytes = arena.allocate(tensor.byteSize(), 64);
        tensor.read(bytes);
        return bytes;
    }

    private CheckpointException changed(String what) {
        return new CheckpointException(written.path() + " does not hold what " + base.path() + " does: " + what
                + "\n  Disk or memory may be damaged. Expand again, to another place.");
    }
}
