package dev.vernacular.tokenizer.bpe;

import java.util.Arrays;
import java.util.function.IntConsumer;

/// Byte-pair encoding of one piece: starting from its bytes, the pair with the lowest rank is replaced by its
/// product, the leftmost first, until no pair has a merge (Sennrich et al. 2016,
/// https://arxiv.org/abs/1508.07909).
///
/// Short pieces search all pairs each time; long ones keep them in a heap, so that a megabyte of one character
/// takes n log n steps. Both replace in the same order.
public final class BytePairs {
    /// Up to here a search through an array that stays in the first-level cache beats a heap.
    private static final int SHORT = 64;

    private final int[] byteIds;
    private final MergeTable merges;

    /// @param byteIds id of the token of each of the 256 bytes
    public BytePairs(int[] byteIds, MergeTable merges) {
        this.byteIds = byteIds;
        this.merges = merges;
    }

    /// The ids of `piece[from, to)`, at least one byte.
    public int[] encode(byte[] piece, int from, int to) {
        int[] ids = ids(piece, from, to);
        return Arrays.copyOf(ids, ids.length <= SHORT ? mergeShort(ids) : mergeLong(ids, rank -> {}));
    }

    /// The ranks of the merges that `piece` goes through, in their order.
    public void trace(byte[] piece, IntConsumer rank) {
        mergeLong(ids(piece, 0, piece.length), rank);
    }

    private int[] ids(byte[] piece, int from, int to) {
        int[] ids = new int[to - from];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = byteIds[piece[from + i] & 0xFF];
        }
        return ids;
    }

    /// Replaces in place; returns how many ids are left.
    private int mergeShort(int[] ids) {
        int size = ids.length;
        long[] pairs = new long[size]; // pairs[i]: the merge of ids i and i + 1
        for (int i = 0; i + 1 < size; i++) {
            pairs[i] = merges.find(ids[i], ids[i + 1]);
        }
        while (size > 1) {
            int best = 0;
            for (int i = 1; i + 1 < size; i++) {
                if (pairs[i] < pairs[best]) {
                    best = i;
                }
            }
            if (pairs[best] == MergeTable.NONE) {
                break;
            }
            ids[best] = MergeTable.product(pairs[best]);
            System.arraycopy(ids, best + 2, ids, best + 1, size - best - 2);
            System.arraycopy(pairs, best + 2, pairs, best + 1, size - best - 2);
            size--;
            if (best + 1 < size) {
                pairs[best] = merges.find(ids[best], ids[best + 1]);
            }
            if (best > 0) {
                pairs[best - 1] = merges.find(ids[best - 1], ids[best]);
            }
        }
        return size;
    }

    private int mergeLong(int[] ids, IntConsumer rank) {
        int size = ids.length;
        int[] previous = new int[size];
        int[] next = new int[size];
        PairHeap heap = new PairHeap(size);
        for (int i = 0; i < size; i++) {
            previous[i] = i - 1;
            next[i] = i + 1;
            push(heap, ids, i, i + 1);
        }
        while (!heap.isEmpty()) {
            long top = heap.pop();
            int at = PairHeap.position(top);
            int right = next[at];
            long merge = ids[at] < 0 || right == size ? MergeTable.NONE : merges.find(ids[at], ids[right]);
            if (merge == MergeTable.NONE || MergeTable.rank(merge) != PairHeap.rank(top)) {
                continue; // a neighbour was replaced since this pair was pushed
            }
            rank.accept(MergeTable.rank(merge));
            ids[at] = MergeTable.product(merge);
            ids[right] = -1;
            next[at] = next[right];
            if (next[at] < size) {
                previous[next[at]] = at;
            }
            push(heap, ids, at, next[at]);
            if (previous[at] >= 0) {
                push(heap, ids, previous[at], at);
            }
        }
        return compact(ids);
    }

    private void push(PairHeap heap, int[] ids, int left, int right) {
        long merge = right == ids.length ? MergeTable.NONE : merges.find(ids[left], ids[right]);
        if (merge != MergeTable.NONE) {
            heap.push(MergeTable.rank(merge), left);
        }
    }

    private static int compact(int[] ids) {
        int size = 0;
        for (int id : ids) {
            if (id >= 0) {
                ids[size++] = id;
            }
        }
        return size;
    }
}
