package dev.vernacular.kernels.numbers;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/// Against the known answers that Random123 publishes for philox4x32, 10 rounds.
class PhiloxTest {
    private final int[] words = new int[4];

    @Test
    void zerosGiveThePublishedWords() {
        Philox.generate(words, 0L, 0, 0, 0, 0);

        assertThat(words).containsExactly(0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8);
    }

    @Test
    void onesGiveThePublishedWords() {
        Philox.generate(words, -1L, -1, -1, -1, -1);

        assertThat(words).containsExactly(0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd);
    }

    @Test
    void theDigitsOfPiGiveThePublishedWords() {
        Philox.generate(words, 0x299f31d0a4093822L, 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344);

        assertThat(words).containsExactly(0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1);
    }
}
