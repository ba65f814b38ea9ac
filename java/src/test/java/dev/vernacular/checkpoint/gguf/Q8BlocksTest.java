package dev.vernacular.checkpoint.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.vernacular.checkpoint.Golden;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class Q8BlocksTest {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;

    /// A block, and what the gguf package makes of it.
    private record Case(MemorySegment values, byte[] block) {}

    private static List<Case> cases() throws IOException {
        return Files.readAllLines(Golden.path("q8_0.txt")).stream()
                .map(line -> line.split(" "))
                .map(columns -> new Case(
                        MemorySegment.ofArray(HexFormat.of().parseHex(columns[0])),
                        HexFormat.of().parseHex(columns[1])))
                .toList();
    }

    @Test
    void blocksAreByteForByteThoseOfTheGgufPackage() throws IOException {
        for (Case given : cases()) {
            byte[] block = new byte[Q8Blocks.BYTES];

            long bad = Q8Blocks.quantize(given.values(), MemorySegment.ofArray(block), 1);

            assertThat(bad).isEqualTo(-1);
            assertThat(block).isEqualTo(given.block());
        }
    }

    @Test
    void aNumberComesBackWithinHalfAStep() throws IOException {
        Case given = cases().getFirst();
        float[] back = new float[Q8Blocks.ELEMENTS];

        Q8Blocks.dequantize(MemorySegment.ofArray(given.block()), MemorySegment.ofArray(back), 1);

        float scale =
                Float.float16ToFloat(MemorySegment.ofArray(given.block()).get(ValueLayout.JAVA_SHORT_UNALIGNED, 0));
        for (int i = 0; i < back.length; i++) {
            assertThat(back[i]).isCloseTo(given.values().get(F32, i * 4L), within(0.51f * scale));
        }
    }

    @Test
    void whatHasNoEightBitFormIsFoundByItsPlace() {
        float[] values = new float[64];
        MemorySegment into = MemorySegment.ofArray(new byte[2 * Q8Blocks.BYTES]);

        values[40] = Float.NaN;
        assertThat(Q8Blocks.quantize(MemorySegment.ofArray(values), into, 2)).isEqualTo(40);
        values[3] = 1e9f;
        assertThat(Q8Blocks.quantize(MemorySegment.ofArray(values), into, 2)).isEqualTo(3);
    }
}
