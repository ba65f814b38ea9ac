package dev.vernacular.data;

/// MT19937 as NumPy's `RandomState(seed)` runs it, so that a shuffle gives Megatron's order.
///
/// @see <a href="https://doi.org/10.1145/272991.272995">Matsumoto and Nishimura 1998</a>
public final class MersenneTwister {
    private static final int N = 624;
    private static final int M = 397;
    private static final int MATRIX = 0x9908_B0DF;
    private static final int UPPER_BIT = 0x8000_0000;
    private static final int LOWER_BITS = 0x7FFF_FFFF;
    private static final int SEED_FACTOR = 1_812_433_253;

    private final int[] state = new int[N];
    private int next = N;

    /// @param seed 0 to 2³² − 1
    /// @throws DataException if it is not
    public MersenneTwister(long seed) {
        if (seed < 0 || seed > 0xFFFF_FFFFL) {
            throw new DataException("seed is " + seed + ", it has to be from 0 to 4294967295");
        }
        state[0] = (int) seed;
        for (int i = 1; i < N; i++) {
            state[i] = SEED_FACTOR * (state[i - 1] ^ (state[i - 1] >>> 30)) + i;
        }
    }

    /// The next 32 bits.
    public int nextInt() {
        if (next == N) {
            renew();
        }
        int y = state[next++];
        y ^= y >>> 11;
        y ^= (y << 7) & 0x9D2C_5680;
        y ^= (y << 15) & 0xEFC6_0000;
        return y ^ (y >>> 18);
    }

    /// A number from 0 to `largest`, by drawing until one fits under the smallest mask of ones (NumPy's
    /// `random_interval`). Draws nothing for 0.
    int bounded(int largest) {
        if (largest == 0) {
            return 0;
        }
        int mask = -1 >>> Integer.numberOfLeadingZeros(largest);
        int value = nextInt() & mask;
        while (value > largest) {
            value = nextInt() & mask;
        }
        return value;
    }

    /// Shuffles `values[from … to - 1]`, as `RandomState.shuffle` does that part alone.
    public void shuffle(int[] values, int from, int to) {
        for (int i = to - from - 1; i > 0; i--) {
            int j = bounded(i);
            int kept = values[from + i];
            values[from + i] = values[from + j];
            values[from + j] = kept;
        }
    }

    private void renew() {
        for (int i = 0; i < N; i++) {
            int y = (state[i] & UPPER_BIT) | (state[(i + 1) % N] & LOWER_BITS);
            state[i] = state[(i + M) % N] ^ (y >>> 1) ^ ((y & 1) == 0 ? 0 : MATRIX);
        }
        next = 0;
    }
}
