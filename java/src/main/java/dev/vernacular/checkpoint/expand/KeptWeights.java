package dev.vernacular.checkpoint.expand;

import dev.vernacular.checkpoint.CheckpointException;
import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.checkpoint.StoredTensor;
import dev.vernacular.checkpoint.expand.ExpansionPlan.Kind;
import dev.vernacular.model.ParameterLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Compares an expanded model, as it was written, with the one it was made from: every old row and every other
/// tensor has to be there bit for bit. A piece of each is in memory at a time.
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
            requireSame(before, after);
        }
    }

    private void requireSame(StoredTensor before, StoredTensor after) {
        boolean isTable = ParameterLayout.isTokenTable(before.name());
        long rows = Math.min(before.shape()[0], after.shape()[0]);
        boolean isByRows = before.readsRows() && after.readsRows();
        long atATime = isByRows ? Math.clamp(StoredTensor.PIECE / before.rowBytes(), 1, rows) : rows;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment was = arena.allocate(atATime * before.rowBytes(), 64);
            MemorySegment is = arena.allocate(atATime * before.rowBytes(), 64);
            for (long row = 0; row < rows; row += atATime) {
                long bytes = Math.min(atATime, rows - row) * before.rowBytes();
                before.readRows(row, was.asSlice(0, bytes));
                after.readRows(row, is.asSlice(0, bytes));
                requireSame(before, row, was.asSlice(0, bytes), is.asSlice(0, bytes), isTable);
            }
        }
    }

    /// @param first row of the pieces
    private void requireSame(StoredTensor tensor, long first, MemorySegment was, MemorySegment is, boolean isTable) {
        long at = 0;
        while (at < was.byteSize()) {
            long mismatch = MemorySegment.mismatch(was, at, was.byteSize(), is, at, was.byteSize());
            if (mismatch < 0) {
                return;
            }
            long rowInPiece = (at + mismatch) / tensor.rowBytes();
            if (!isTable || plan.kind(first + rowInPiece) == Kind.KEPT) {
                throw changed(tensor.name() + " differs, first in row " + (first + rowInPiece));
            }
            at = (rowInPiece + 1) * tensor.rowBytes();
        }
    }

    private CheckpointException changed(String what) {
        return new CheckpointException(written.path() + " does not hold what " + base.path() + " does: " + what
                + "\n  Disk or memory may be damaged. Expand again, to another place.");
    }
}
