package dev.vernacular.checkpoint.expand;

import dev.vernacular.checkpoint.FirstRows;
import dev.vernacular.checkpoint.StoredTensor;
import dev.vernacular.kernels.Dtype;
import java.lang.foreign.MemorySegment;

/// A token table (input or head) with the rows of an [ExpansionPlan]: rows of old tokens bit for bit, then those
/// of new tokens, in the place of old padding first, then padding: what is left of the old as it was, and zeros.
///
/// @param source [rowsBefore, C]
/// @param std    of normal rows, the config's `init_method_std`
record ExpandedTable(StoredTensor source, ExpansionPlan plan, TableUse use, double std) implements StoredTensor {
    @Override
    public String name() {
        return source.name();
    }

    @Override
    public Dtype dtype() {
        return source.dtype();
    }

    @Override
    public long[] shape() {
        return new long[] {plan.rowsAfter(), source.shape()[1]};
    }

    @Override
    public void read(MemorySegment into) {
        long rowBytes = source.shape()[1] * dtype().bytes();
        int kept = Math.min(plan.rowsBefore(), plan.rowsAfter());
        // Fewer rows than before: only padding goes, which a smaller divisor leaves out.
        new FirstRows(source, kept).read(into.asSlice(0, kept * rowBytes));
        into.asSlice(kept * rowBytes).fill((byte) 0);
        if (plan.init() != RowInit.ZERO) {
            fillNew(new TableRows(into, dtype(), (int) source.shape()[1]));
        }
    }

    private void fillNew(TableRows rows) {
        NewRows newRows = new NewRows(plan, rows, use, std);
        for (int id = plan.base().size(); id < plan.merged().size(); id++) {
            rows.set(id, newRows.row(id));
        }
    }
}
