package dev.vernacular.kernels.reference;

import dev.vernacular.kernels.Dropout;
import dev.vernacular.kernels.RowGroups;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.Weight;
import dev.vernacular.kernels.memory.StepBlock;
import dev.vernacular.kernels.numbers.Elements;

/// Token and position embedding.
///
///     forward    out[r] = mask[r] (tokens[ids[r]] + table[positions[r]])
///     backward   dtokens[i] (+)= Σ_{ids[r] = i} mask[r] dout[r],  dtable[p] (+)= Σ_{positions[r] = p} mask[r] dout[r]
///
/// An id or position out of range sets the step's fault flag; such a row is zero forward and counts for nothing
/// backward.
final class Embedding {
    private Embedding() {}

    static void forward(
            Tensor out,
            Tensor ids,
            Tensor positions,
            Weight tokens,
            Tensor positionTable,
            Dropout dropout,
            Tensor step) {
        int cols = Math.toIntExact(tokens.cols());
        DropoutMask mask = DropoutMask.of(dropout, step);
        double[] position = new double[cols];
        for (long row = 0; row < ids.elements(); row++) {
            double[] sum = new double[cols];
            int id = Elements.integer(ids, row);
            int place = positionTable.isPresent() ? Elements.integer(positions, row) : 0;
            boolean known = 0 <= id && id < tokens.rows();
            boolean placed = positionTable.isNone() || 0 <= place && place < positionTable.rows();
            if (known && placed) {
                WeightRows.read(sum, tokens, id);
                if (positionTable.isPresent()) {
                    Elements.read(position, positionTable, (long) place * cols);
                    Products.add(sum, 1, position);
                }
                mask.apply(sum, row);
            } else {
                StepBlock.setFault(step);
            }
            Elements.write(out, row * cols, sum);
        }
    }

    /// The gradient of one table.
    ///
    /// @param keys ids or positions
    static void backward(
            Tensor dTable,
            Tensor dOut,
            Tensor keys,
            RowGroups groups,
            Dropout dropout,
            boolean accumulate,
            Tensor step) {
        if (!accumulate) {
            dTable.segment().fill((byte) 0);
        }
        int cols = Math.toIntExact(dTable.size(-1));
        long rows = keys.elements();
        DropoutMask mask = DropoutMask.of(dropout, step);
        double[] gradient = new double[cols];
        for (long group = 0; group < rows; group++) {
            int first = Elements.integer(groups.starts(), group);
            int end = Elements.integer(groups.starts(), group + 1);
            if (first == end) {
                break;
            }
            double[] sum = new double[cols];
            for (int i = first; i < end; i++) {
                int row = Elements.integer(groups.order(), i);
                Elements.read(gradient, dOut, (long) row * cols);
                mask.apply(gradient, row);
                Products.add(sum, 1, gradient);
            }
            int key = Elements.integer(keys, Elements.integer(groups.order(), first));
            if (0 <= key && key < dTable.rows()) {
                Elements.writeRow(dTable, key, sum, true);
            } else {
                StepBlock.setFault(step);
            }
        }
    }
}
