package dev.vernacular.tokenizer.training;

import java.util.Arrays;

/// Adjacent pairs of symbols, each with its count in the text and the pieces where it was newly found. A pair
/// is known by a dense index; an open-addressed hash table, at most half full, leads from the pair to it.
final class PairCounts {
    private int[] slots = new int[1 << 12];
    private long[] pairs = new long[1 << 11];
    private long[] counts = new long[1 << 11];
    private int[][] places = new int[1 << 11][];
    private int[] placeCounts = new int[1 << 11];
    private int size;

    PairCounts() {
        Arrays.fill(slots, -1);
    }

    /// The index of a pair, which is counted 0 times if it is new.
    int indexOf(int left, int right) {
        long pair = (long) left << 32 | right;
        int slot = slot(pair);
        if (slots[slot] >= 0) {
            return slots[slot];
        }
        if (size == pairs.length) {
            grow();
            slot = slot(pair);
        }
        pairs[size] = pair;
        slots[slot] = size;
        return size++;
    }

    private int slot(long pair) {
        int slot = (int) (pair * 0x9E3779B97F4A7C15L >>> 32) & slots.length - 1;
        while (slots[slot] >= 0 && pairs[slots[slot]] != pair) {
            slot = slot + 1 & slots.length - 1;
        }
        return slot;
    }

    private void grow() {
        pairs = Arrays.copyOf(pairs, size * 2);
        counts = Arrays.copyOf(counts, size * 2);
        places = Arrays.copyOf(places, size * 2);
        placeCounts = Arrays.copyOf(placeCounts, size * 2);
        slots = new int[size * 4];
        Arrays.fill(slots, -1);
        for (int i = 0; i < size; i++) {
            slots[slot(pairs[i])] = i;
        }
    }

    int size() {
        return size;
    }

    int left(int index) {
        return (int) (pairs[index] >>> 32);
    }

    int right(int index) {
        return (int) pairs[index];
    }

    long count(int index) {
        return counts[index];
    }

    void add(int index, long change) {
        counts[index] += change;
    }

    /// Notes that `piece` holds the pair. Pieces come in order, each perhaps several times in a row.
    ///
    /// @return whether this is the first place since they were last taken
    boolean addPlace(int index, int piece) {
        int n = placeCounts[index];
        if (n == 0) {
            places[index] = new int[2];
        } else if (places[index][n - 1] == piece) {
            return false;
        } else if (n == places[index].length) {
            places[index] = Arrays.copyOf(places[index], n * 2);
        }
        places[index][n] = piece;
        placeCounts[index] = n + 1;
        return n == 0;
    }

    /// The places noted since this was last called.
    int[] takePlaces(int index) {
        int[] taken = Arrays.copyOf(places[index], placeCounts[index]);
        places[index] = null;
        placeCounts[index] = 0;
        return taken;
    }
}
