package dev.vernacular.model;

import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.RowGroups;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.memory.Device;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/// A micro-batch of B sequences of T tokens in fixed device buffers, filled from the host: what the kernels of
/// a step read beside the weights.
public final class BatchBuffers {
    static final String KIND = "batch";
    private final long batch;
    private final int sequenceLength;
    private final int rows;
    private final Dtype scaleDtype;
    private final Tensor buffer;
    private final Device device;
    private final MemorySegment host;
    private boolean hasDocumentStarts;

    /// int32 arrays, each of rows + 1 elements and then one of padding; the row scales follow them.
    private enum Slot {
        IDS,
        POSITIONS,
        LABELS,
        DOCUMENT_STARTS,
        ID_ORDER,
        ID_STARTS,
        POSITION_ORDER,
        POSITION_STARTS
    }

    /// Elements of the int32 buffer that a batch of `rows` needs.
    static long elements(long rows) {
        return scalesOffset(rows) + 2 * rows;
    }

    private static long scalesOffset(long rows) {
        return Slot.values().length * (rows + 2);
    }

    /// @param buffer     int32, of at least [#elements]
    /// @param host       as many bytes of the host
    /// @param scaleDtype of the row scales: float32, or float64 for finite differences
    BatchBuffers(long batch, long sequenceLength, Dtype scaleDtype, Tensor buffer, Device device, MemorySegment host) {
        this.batch = batch;
        this.sequenceLength = Math.toIntExact(sequenceLength);
        this.rows = Math.toIntExact(batch * sequenceLength);
        this.scaleDtype = scaleDtype;
        this.buffer = buffer.slice(0, elements(rows));
        this.device = device;
        this.host = host.asSlice(0, this.buffer.bytes());
    }

    public long batch() {
        return batch;
    }

    public int sequenceLength() {
        return sequenceLength;
    }

    /// B T.
    public int rows() {
        return rows;
    }

    /// Fills the buffers and uploads them.
    ///
    /// @param ids            [rows] inputs
    /// @param positions      [rows] of each token in its sequence or document
    /// @param labels         [rows], -1 for none
    /// @param rowScale       [rows] factor on each row's loss in the gradient; empty for forward alone
    /// @param documentStarts [rows] first token of the sequence that each may attend to; empty for the first
    public void load(int[] ids, int[] positions, int[] labels, double[] rowScale, int[] documentStarts) {
        put("ids", Slot.IDS, ids);
        put("positions", Slot.POSITIONS, positions);
        put("labels", Slot.LABELS, labels);
        hasDocumentStarts = documentStarts.length > 0;
        if (hasDocumentStarts) {
            put("document starts", Slot.DOCUMENT_STARTS, documentStarts);
        }
        if (rowScale.length > 0) {
            putScales(rowScale);
            putGroups(ids, Slot.ID_ORDER, Slot.ID_STARTS);
            putGroups(positions, Slot.POSITION_ORDER, Slot.POSITION_STARTS);
        }
        device.upload(buffer, host);
    }

    /// [rows] int32, as `positions` and `labels`.
    Tensor ids() {
        return slot(Slot.IDS, rows);
    }

    Tensor positions() {
        return slot(Slot.POSITIONS, rows);
    }

    Tensor labels() {
        return slot(Slot.LABELS, rows);
    }

    /// [B, T], or [Tensor#NONE].
    Tensor documentStarts() {
        return hasDocumentStarts ? perSequence(slot(Slot.DOCUMENT_STARTS, rows)) : Tensor.NONE;
    }

    /// Rows with the same id.
    RowGroups byId() {
        return new RowGroups(slot(Slot.ID_ORDER, rows), slot(Slot.ID_STARTS, rows + 1L));
    }

    /// Rows with the same position.
    RowGroups byPosition() {
        return new RowGroups(slot(Slot.POSITION_ORDER, rows), slot(Slot.POSITION_STARTS, rows + 1L));
    }

    /// [rows].
    Tensor rowScale() {
        long at = scalesOffset(rows) * Integer.BYTES;
        return new Tensor(buffer.segment().asSlice(at, (long) rows * scaleDtype.bytes()), scaleDtype, rows);
    }

    /// [rows] as [B, T].
    Tensor perSequence(Tensor x) {
        return x.reshape(batch, sequenceLength);
    }

    private Tensor slot(Slot slot, long length) {
        return buffer.slice(slot.ordinal() * (rows + 2L), length);
    }

    private void put(String what, Slot slot, int[] values) {
        requireRows(what, values.length);
        putInts(slot, values);
    }

    private void putInts(Slot slot, int[] values) {
        long at = slot.ordinal() * (rows + 2L) * Integer.BYTES;
        MemorySegment.copy(values, 0, host, ValueLayout.JAVA_INT, at, values.length);
    }

    private void putScales(double[] rowScale) {
        requireRows("row scales", rowScale.length);
        long at = scalesOffset(rows) * Integer.BYTES;
        for (int row = 0; row < rows; row++) {
            if (scaleDtype == Dtype.F64) {
                host.set(ValueLayout.JAVA_DOUBLE_UNALIGNED, at + (long) row * Double.BYTES, rowScale[row]);
            } else {
                host.set(ValueLayout.JAVA_FLOAT_UNALIGNED, at + (long) row * Float.BYTES, (float) rowScale[row]);
            }
        }
    }

    private void putGroups(int[] ids, Slot orderSlot, Slot startsSlot) {
        long[] keys = new long[rows];
        for (int row = 0; row < rows; row++) {
            keys[row] = (long) ids[row] << 32 | row;
        }
        Arrays.sort(keys);
        int[] order = new int[rows];
        int[] starts = new int[rows + 1];
        int groups = 0;
        for (int i = 0; i < rows; i++) {
            order[i] = (int) keys[i];
            if (i == 0 || keys[i] >> 32 != keys[i - 1] >> 32) {
                starts[groups++] = i;
            }
        }
        Arrays.fill(starts, groups, rows + 1, rows);
        putInts(orderSlot, order);
        putInts(startsSlot, starts);
    }

    private void requireRows(String what, int length) {
        if (length != rows) {
            throw new IllegalArgumentException(
                    "a batch of " + batch + " x " + sequenceLength + " tokens got " + length + " " + what);
        }
    }
}
