package dev.vernacular.checkpoint.megatron;

/// The orders in which programs and versions of Megatron lay out the rows of the fused query, key and value:
/// for head a of H, part p (0 query, 1 key, 2 value) and row c of the head's D.
///
/// @see <a href="https://github.com/NVIDIA/Megatron-LM/blob/core_v0.5.0/megatron/checkpointing.py">Megatron-LM,
/// fix_query_key_value_ordering</a>
enum QkvRows {
    /// `[3, H, D]`: here, at Hugging Face, and in Megatron-LM's checkpoints of version 0.
    BY_PART,
    /// `[H, 3, D]`: NeMo's, and Megatron-LM's since version 2.
    BY_HEAD,
    /// `[H, D, 3]`: Megatron-LM's version 1.
    BY_ROW;

    /// @param version `checkpoint_version` of a Megatron-LM file
    static QkvRows ofMegatron(double version) {
        return version >= 2 ? BY_HEAD : version >= 1 ? BY_ROW : BY_PART;
    }

    /// Where a row stands.
    ///
    /// @param heads    H
    /// @param headSize D
    long row(long head, int part, long c, long heads, long headSize) {
        return switch (this) {
            case BY_PART -> (part * heads + head) * headSize + c;
            case BY_HEAD -> (head * 3 + part) * headSize + c;
            case BY_ROW -> (head * headSize + c) * 3 + part;
        };
    }

    /// The row of another order that stands at `row` of this one.
    long rowIn(QkvRows other, long row, long heads, long headSize) {
        return switch (this) {
            case BY_PART ->
                other.row(row / headSize % heads, (int) (row / headSize / heads), row % headSize, heads, headSize);
            case BY_HEAD -> other.row(row / headSize / 3, (int) (row / headSize % 3), row % headSize, heads, headSize);
            case BY_ROW -> other.row(row / 3 / headSize, (int) (row % 3), row / 3 % headSize, heads, headSize);
        };
    }

    /// How many rows from `row` on are neighbours in `other` too.
    long run(QkvRows other, long row, long headSize) {
        boolean isByBlocks = this != BY_ROW && other != BY_ROW;
        return isByBlocks ? headSize - row % headSize : 1;
    }
}
