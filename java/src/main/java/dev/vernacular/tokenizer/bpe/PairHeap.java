package dev.vernacular.tokenizer.bpe;

import java.util.Arrays;

/// A binary heap of (rank, position), the lowest rank first, then the leftmost: each entry one `long`.
final class PairHeap {
    private long[] entries;
    private int size;

    PairHeap(int capacity) {
        entries = new long[Math.max(capacity, 1)];
    }

    boolean isEmpty() {
        return size == 0;
    }

    void push(int rank, int position) {
        if (size == entries.length) {
            entries = Arrays.copyOf(entries, size * 2);
        }
        long entry = (long) rank << 32 | position;
        int child = size++;
        while (child > 0 && entries[(child - 1) >> 1] > entry) {
            entries[child] = entries[(child - 1) >> 1];
            child = (child - 1) >> 1;
        }
        entries[child] = entry;
    }

    long pop() {
        long top = entries[0];
        long last = entries[--size];
        int parent = 0;
        for (int child = 1; child < size; child = 2 * parent + 1) {
            if (child + 1 < size && entries[child + 1] < entries[child]) {
                child++;
            }
            if (last <= entries[child]) {
                break;
            }
            entries[parent] = entries[child];
            parent = child;
        }
        entries[parent] = last;
        return top;
    }

    static int rank(long entry) {
        return (int) (entry >>> 32);
    }

    static int position(long entry) {
        return (int) entry;
    }
}
