package dev.vernacular.checkpoint.pickle;

import java.math.BigInteger;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/// What reading a pickle may cost. Few bytes can ask for much: the memo lets them name a large value again and
/// again, to copy it each time or to use it as a key among others of the same hash.
final class PickleBudget {
    /// A checkpoint of a thousand tensors takes some 50,000. Each leaves at most about 90 bytes.
    private static final int MOST_OPERATIONS = 2_000_000;

    /// Whatever is not recalled from the memo takes a byte at least, and is copied once.
    private static final long COPIES_OF_A_BYTE = 2;

    private static final long SMALL = 1 << 16;
    private static final long MOST_COMPARISONS = 5_000_000;
    private static final int BIG_INTEGER = 256;
    private final long mostCopied;
    private int operations;
    private long copied;
    private long comparisons;

    /// @param pickleBytes its length
    PickleBudget(long pickleBytes) {
        mostCopied = SMALL + COPIES_OF_A_BYTE * pickleBytes;
    }

    void operation() {
        operations++;
        if (operations > MOST_OPERATIONS) {
            throw new IllegalArgumentException("the pickle has more than " + MOST_OPERATIONS + " operations");
        }
    }

    /// A call that may copy its arguments, or make keys of what they hold.
    void call(List<Object> arguments) {
        for (Object argument : arguments) {
            switch (argument) {
                case String text -> copy(text.length());
                case byte[] bytes -> copy(bytes.length);
                case Map<?, ?> map -> copy(2L * map.size());
                case Collection<?> items -> copyItems(items);
                case Tuple tuple -> copyItems(tuple.items());
                case null, default -> {}
            }
        }
    }

    private void copyItems(Collection<?> items) {
        copy(items.size());
        items.forEach(item -> key(item, items.size()));
    }

    private void copy(long size) {
        copied += size;
        if (copied > mostCopied) {
            throw new IllegalArgumentException("the pickle copies the same values again and again");
        }
    }

    /// A new key in a dict or a set. Text and numbers are compared with few others even if all have the same
    /// hash; tuples and classes, whose hashes are as easily made alike, with all of them.
    ///
    /// @param size of the collection
    void key(Object key, int size) {
        long weight = switch (key) {
            case Tuple tuple -> PythonTypes.hashedValues(tuple);
            case BigInteger number -> BIG_INTEGER;
            case Global global -> 1;
            case null, default -> 0;
        };
        comparisons += weight * (size + 1L);
        if (comparisons > MOST_COMPARISONS) {
            throw new IllegalArgumentException("too many keys are neither text nor small numbers");
        }
    }
}
