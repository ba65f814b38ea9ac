package dev.vernacular.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class MersenneTwisterTest {
    @Test
    void theStreamIsThatOfNumPysRandomState() throws IOException {
        MersenneTwister random = new MersenneTwister(1234);
        int[] drawn = IntStream.range(0, 1500).map(i -> random.nextInt()).toArray();

        assertThat(drawn[0]).isEqualTo(822569775);
        assertThat(IntStream.range(1495, 1500).mapToLong(i -> drawn[i] & 0xFFFF_FFFFL))
                .containsExactly(longs());
    }

    @Test
    void aShuffleIsThatOfNumPysRandomState() {
        int[] values = {-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, -2};

        new MersenneTwister(1234).shuffle(values, 1, 11);

        assertThat(values).containsExactly(-1, 7, 2, 9, 1, 0, 8, 4, 5, 6, 3, -2);
    }

    @Test
    void aSeedOutsideThirtyTwoBitsIsRefused() {
        assertThatThrownBy(() -> new MersenneTwister(-1)).hasMessageContaining("seed is -1");
        assertThatThrownBy(() -> new MersenneTwister(1L << 32)).hasMessageContaining("4294967296");
    }

    private static Long[] longs() throws IOException {
        return Golden.sampling()
                .get("random_1234_last_of_1500")
                .valueStream()
                .map(n -> n.longValue())
                .toArray(Long[]::new);
    }
}
