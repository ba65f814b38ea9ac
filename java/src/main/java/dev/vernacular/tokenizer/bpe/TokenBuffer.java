package dev.vernacular.tokenizer.bpe;

import java.util.Arrays;

/// Token ids as they are found: a list of `int` without boxes.
public final class TokenBuffer {
    private int[] ids;
    private int size;

    public TokenBuffer(int capacity) {
        ids = new int[capacity];
    }

    public void add(int id) {
        if (size == ids.length) {
            grow(1);
        }
        ids[size++] = id;
    }

    public void add(int[] more) {
        if (more.length > ids.length - size) {
            grow(more.length);
        }
        if (more.length == 1) {
            ids[size] = more[0];
        } else {
            System.arraycopy(more, 0, ids, size, more.length);
        }
        size += more.length;
    }

    private void grow(int more) {
        ids = Arrays.copyOf(ids, Math.max(size + more, size + (size >> 1) + 16));
    }

    public int[] toArray() {
        return Arrays.copyOf(ids, size);
    }
}
