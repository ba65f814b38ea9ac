package dev.vernacular.generate;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class TextStreamTest {
    @Test
    void aCharacterIsHeldBackUntilItsLastByte() {
        TextStream stream = new TextStream();
        byte[] thai = "ก".getBytes(StandardCharsets.UTF_8);

        assertThat(stream.add(Arrays.copyOf(thai, 2))).isEmpty();
        assertThat(stream.add(Arrays.copyOfRange(thai, 2, 3))).isEqualTo("ก");
        assertThat(stream.finish()).isEmpty();
    }

    @Test
    void everySplitOfATextGivesTheText() {
        String text = "aé ไทย 👍🏽 b";
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        for (int cut = 0; cut <= bytes.length; cut++) {
            TextStream stream = new TextStream();

            String shown = stream.add(Arrays.copyOf(bytes, cut))
                    + stream.add(Arrays.copyOfRange(bytes, cut, bytes.length))
                    + stream.finish();

            assertThat(shown).isEqualTo(text);
        }
    }

    @Test
    void bytesThatAreNoTextBecomeTheReplacementCharacter() {
        TextStream stream = new TextStream();

        assertThat(stream.add(new byte[] {(byte) 0xff, 'a', (byte) 0xe0})).isEqualTo("\uFFFDa");
        assertThat(stream.finish()).isEqualTo("\uFFFD");
    }
}
