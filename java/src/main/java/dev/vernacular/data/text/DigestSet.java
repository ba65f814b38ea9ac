package dev.vernacular.data.text;

import dev.vernacular.data.DataException;

/// A set of digests in 16 bytes each and as much again for room: open addressing, linear probing, the digest's
/// own bits as hash. `(0, 0)` marks an empty place and is never a member's digest in practice.
final class DigestSet {
    private static final int FIRST_CAPACITY = 1 << 10;
    private static final int LARGEST_CAPACITY = 1 << 29;

    private long[] places = new long[2 * FIRST_CAPACITY];
    private int size;

    /// Whether the digest is new to the set; it then becomes a member.
    ///
    /// @throws DataException beyond 268 million members
    boolean add(Digest digest) {
        if (2 * size >= capacity()) {
            grow();
        }
        if (!put(places, digest.high(), digest.low())) {
            return false;
        }
        size++;
        return true;
    }

    private int capacity() {
        return places.length / 2;
    }

    private void grow() {
        if (capacity() >= LARGEST_CAPACITY) {
            throw new DataException("--dedup exact is limited to " + size + " different documents"
                    + "\n  Divide the input, or remove duplicates beforehand.");
        }
        long[] larger = new long[2 * places.length];
        for (int i = 0; i < places.length; i += 2) {
            if ((places[i] | places[i + 1]) != 0) {
                put(larger, places[i], places[i + 1]);
            }
        }
        places = larger;
    }

    private static boolean put(long[] places, long high, long low) {
        int mask = places.length / 2 - 1;
        int at = (int) high & mask;
        while ((places[2 * at] | places[2 * at + 1]) != 0) {
            if (places[2 * at] == high && places[2 * at + 1] == low) {
                return false;
            }
            at = at + 1 & mask;
        }
        places[2 * at] = high;
        places[2 * at + 1] = low;
        return true;
    }
}
