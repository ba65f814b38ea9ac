package dev.vernacular.checkpoint.megatron;

import java.lang.foreign.MemorySegment;

/// The order of rows of the fused query-key-value projection. Megatron stores, for each head, its query rows,
/// then its key rows, then its value rows (`[H, 3, D]`); we hold all queries, then all keys, then all values
/// (`[3, H, D]`).
///
/// @param heads     H
/// @param headBytes of the D rows of one head in one of the three parts
public record QkvOrder(int heads, long headBytes) {
    public void fromMegatron(MemorySegment megatron, MemorySegment ours) {
        for (int head = 0; head < heads; head++) {
            for (int part = 0; part < 3; part++) {
                MemorySegment.copy(megatron, at(head * 3L + part), ours, at((long) part * heads + head), headBytes);
            }
        }
    }

    public void toMegatron(MemorySegment ours, MemorySegment megatron) {
        for (int head = 0; head < heads; head++) {
            for (int part = 0; part < 3; part++) {
                MemorySegment.copy(ours, at((long) part * heads + head), megatron, at(head * 3L + part), headBytes);
            }
        }
    }

    private long at(long block) {
        return block * headBytes;
    }
}
