package dev.vernacular.tokenizer.bpe;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/// Pieces already encoded. Two ways a slot, the older entry gives way, so memory is bounded (about 15 MB when
/// full).
///
/// Threads share it without locks: an entry is immutable and published through final fields, so a race can only
/// lose an entry, never show a wrong one.
public final class PieceCache {
    /// Longer pieces are seldom seen twice.
    private static final int LONGEST = 128;

    private static final int SLOTS = 1 << 17;
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private record Entry(long hash, byte[] piece, int[] ids) {}

    private final Entry[] entries = new Entry[SLOTS];
    private final BytePairs pairs;

    public PieceCache(BytePairs pairs) {
        this.pairs = pairs;
    }

    /// The ids of `text[from, to)`; the array belongs to the cache.
    public int[] encode(byte[] text, int from, int to) {
        if (to - from > LONGEST) {
            return pairs.encode(text, from, to);
        }
        long hash = hash(text, from, to);
        int slot = (int) (hash >>> 32) & SLOTS - 1;
        Entry first = entries[slot];
        if (first != null && matches(first, hash, text, from, to)) {
            return first.ids;
        }
        Entry second = entries[slot ^ 1];
        if (second != null && matches(second, hash, text, from, to)) {
            return second.ids;
        }
        int[] ids = pairs.encode(text, from, to);
        entries[slot ^ 1] = first;
        entries[slot] = new Entry(hash, Arrays.copyOfRange(text, from, to), ids);
        return ids;
    }

    private static boolean matches(Entry entry, long hash, byte[] text, int from, int to) {
        int length = to - from;
        return entry.hash == hash
                && entry.piece.length == length
                && (length <= Long.BYTES || Arrays.equals(entry.piece, 0, length, text, from, to));
    }

    /// A multiplicative hash, eight bytes a step. Pieces of one length up to eight bytes never share one: each
    /// step can be undone.
    static long hash(byte[] text, int from, int to) {
        long hash = to - from;
        int i = from;
        for (; i + 8 <= to; i += 8) {
            hash = mix(hash ^ (long) LONGS.get(text, i));
        }
        long tail = 0;
        for (; i < to; i++) {
            tail = tail << 8 | text[i] & 0xFF;
        }
        return mix(hash ^ tail);
    }

    private static long mix(long h) {
        long product = h * 0x9E3779B97F4A7C15L;
        return product ^ product >>> 29;
    }
}
