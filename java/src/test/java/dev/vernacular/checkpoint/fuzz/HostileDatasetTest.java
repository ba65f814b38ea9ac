package dev.vernacular.checkpoint.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vernacular.data.IndexedDataset;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Indices that lie about the eight tokens of two bytes beside them.
class HostileDatasetTest {
    private static final int TYPE_AT = 17;
    private static final int SEQUENCES_AT = 18;
    private static final int BOUNDARIES_AT = 26;
    private static final int LENGTHS_AT = 34;

    @TempDir
    private Path folder;

    /// Two sequences of three and five tokens, a document each.
    private static ByteBuffer index() {
        ByteBuffer index = ByteBuffer.allocate(LENGTHS_AT + 2 * 12 + 3 * 8).order(ByteOrder.LITTLE_ENDIAN);
        index.put("MMIDIDX\0\0".getBytes(java.nio.charset.StandardCharsets.ISO_8859_1))
                .putLong(1)
                .put((byte) 8);
        index.putLong(2)
                .putLong(3)
                .putInt(3)
                .putInt(5)
                .putLong(0)
                .putLong(6)
                .putLong(0)
                .putLong(1)
                .putLong(2);
        return index;
    }

    private void assertRefused(ByteBuffer index) throws IOException {
        Files.write(folder.resolve("hostile.idx"), index.array());
        Files.write(folder.resolve("hostile.bin"), new byte[16]);

        assertThat(Reading.assertReadOrRefused(this::readAll, "hostile.")).isPresent();
    }

    private void readAll() {
        try (IndexedDataset dataset = IndexedDataset.open(folder.resolve("hostile"))) {
            for (long sequence = 0; sequence < dataset.sequences(); sequence++) {
                dataset.read(sequence);
            }
        }
    }

    @Test
    void theTrueIndexIsRead() throws IOException {
        Files.write(folder.resolve("hostile.idx"), index().array());
        Files.write(folder.resolve("hostile.bin"), new byte[16]);

        assertThat(Reading.assertReadOrRefused(this::readAll)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            longs = {
                -1,
                0,
                1,
                4,
                1L << 31,
                1L << 32,
                1L << 60,
                Long.MAX_VALUE,
                Long.MIN_VALUE,
                Long.MAX_VALUE / 12,
                0x1555555555555557L
            })
    void countsBeyondTheFileAreRefused(long count) throws IOException {
        assertRefused(index().putLong(SEQUENCES_AT, count));
        assertRefused(index().putLong(BOUNDARIES_AT, count));
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, Integer.MIN_VALUE, Integer.MAX_VALUE, 4})
    void aLengthThatIsNotThereIsRefused(int length) throws IOException {
        assertRefused(index().putInt(LENGTHS_AT, length));
        assertRefused(index().putInt(LENGTHS_AT + 4, length));
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, 1, Long.MAX_VALUE, Long.MIN_VALUE, 1L << 40})
    void aPointerOrBoundaryElsewhereIsRefused(long place) throws IOException {
        assertRefused(index().putLong(LENGTHS_AT + 8, place));
        assertRefused(index().putLong(LENGTHS_AT + 16, place));
        assertRefused(index().putLong(LENGTHS_AT + 24, place));
        assertRefused(index().putLong(LENGTHS_AT + 40, place));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 4, 5, 6, 7, 9, 255})
    void anotherTypeIsRefused(int code) throws IOException {
        assertRefused(index().put(TYPE_AT, (byte) code));
    }
}
