package dev.vernacular.tokenizer.bpe;

import java.util.Arrays;

/// Merges by the ids of their two parts: an open-addressed hash table, at most half full. A merge is a `long`,
/// its rank in the upper half and its product's id in the lower, so that the smaller of two merges is the one
/// that comes first.
public final class MergeTable {
    /// Larger than every merge.
    static final long NONE = Long.MAX_VALUE;

    private static final long EMPTY = -1;

    private final long[] pairs;
    private final long[] merges;
    private final int mask;

    public MergeTable(int capacity) {
        int slots = Integer.highestOneBit(Math.max(capacity, 4)) << 2;
        pairs = new long[slots];
        merges = new long[slots];
        mask = slots - 1;
        Arrays.fill(pairs, EMPTY);
    }

    /// Adds a merge. A pair that is there already takes the new rank, as in Hugging Face `tokenizers`.
    public void put(int left, int right, int rank, int product) {
        int slot = slot(pair(left, right));
        pairs[slot] = pair(left, right);
        merges[slot] = (long) rank << 32 | product;
    }

    /// The merge of `left` and `right`, or [#NONE].
    long find(int left, int right) {
        long pair = pair(left, right);
        int slot = slot(pair);
        return pairs[slot] == pair ? merges[slot] : NONE;
    }

    private int slot(long pair) {
        int slot = (int) (pair * 0x9E3779B97F4A7C15L >>> 32) & mask;
        while (pairs[slot] != EMPTY && pairs[slot] != pair) {
            slot = slot + 1 & mask;
        }
        return slot;
    }

    private static long pair(int left, int right) {
        return (long) left << 32 | right;
    }

    static int rank(long merge) {
        return (int) (merge >>> 32);
    }

    static int product(long merge) {
        return (int) merge;
    }
}
