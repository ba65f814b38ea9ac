package dev.vernacular.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class IndexedDatasetTest {
    @TempDir
    Path folder;

    private Path prefix;

    @BeforeEach
    void copyGolden() throws IOException {
        prefix = folder.resolve("d");
        Files.copy(Golden.file("uint16_text_document.bin"), folder.resolve("d.bin"));
        Files.copy(Golden.file("uint16_text_document.idx"), folder.resolve("d.idx"));
    }

    @Test
    void aDatasetWrittenInPythonIsRead() {
        try (IndexedDataset dataset = IndexedDataset.open(prefix)) {
            assertThat(dataset.type()).isEqualTo(TokenType.UINT16);
            assertThat(dataset.sequences()).isEqualTo(4);
            assertThat(dataset.documents()).isEqualTo(4);
            assertThat(dataset.tokens()).isEqualTo(15);
            assertThat(dataset.read(0)).containsExactly(0, 1, 2, 299);
            assertThat(dataset.read(3)).containsExactly(9, 10, 299);
        }
    }

    @Test
    void aDatasetWrittenHereHasTheBytesOfOneWrittenInPython() throws IOException {
        IndexedDatasetWriter.write(folder.resolve("new/u"), TokenType.forVocabulary(300), false, writer -> {
            for (int[] ids : new int[][] {{0, 1, 2, 299}, {3, 299}, {}, {4, 5, 6, 7, 8, 299}, {9, 10, 299}}) {
                writer.add(ids);
                writer.endDocument();
            }
        });
        IndexedDatasetWriter.write(folder.resolve("new/i"), TokenType.forVocabulary(65_500), false, writer -> {
            writer.add(new int[] {0, 1, 2, 3, 65_499});
            writer.endDocument();
            writer.add(new int[] {9, 4, 5, 65_499, 9}, 1, 3);
        });

        assertSameBytes("new/u", "uint16_text_document");
        assertSameBytes("new/i", "int32_text_document");
    }

    @ParameterizedTest
    @EnumSource(TokenType.class)
    void everyTypeHoldsItsLargestAndSmallestId(TokenType type) {
        int[] ids = {largest(type), 1, smallest(type), 0, 7};

        IndexedDatasetWriter.write(prefix, type, true, writer -> writer.add(ids));

        try (IndexedDataset dataset = IndexedDataset.open(prefix)) {
            assertThat(dataset.type()).isEqualTo(type);
            assertThat(dataset.read(0)).containsExactly(ids);
        }
    }

    @Test
    void documentsOfSeveralSequencesKeepTheirBoundaries() {
        IndexedDatasetWriter.write(prefix, TokenType.UINT8, true, writer -> {
            writer.add(new int[] {1});
            writer.add(new int[] {2, 3});
            writer.endDocument();
            writer.endDocument();
            writer.add(new int[] {4});
            writer.endDocument();
        });

        try (IndexedDataset dataset = IndexedDataset.open(prefix)) {
            assertThat(dataset.documents()).isEqualTo(2);
            assertThat(dataset.documentStart(1)).isEqualTo(2);
            assertThat(dataset.read(1)).containsExactly(2, 3);
        }
    }

    @Test
    void anEmptyDatasetIsWholeAndHoldsNothing() {
        IndexedDatasetWriter.write(prefix, TokenType.UINT16, true, writer -> writer.endDocument());

        try (IndexedDataset dataset = IndexedDataset.open(prefix)) {
            assertThat(dataset.sequences()).isZero();
            assertThat(dataset.documents()).isZero();
        }
    }

    @Test
    void anIndexThatEndsAnywhereTooEarlyIsRefusedNamingTheFile() throws IOException {
        byte[] whole = Files.readAllBytes(folder.resolve("d.idx"));
        for (int length = 0; length < whole.length; length++) {
            Files.write(folder.resolve("d.idx"), Arrays.copyOf(whole, length));

            assertRefused("d.idx");
        }
        Files.write(folder.resolve("d.idx"), Arrays.copyOf(whole, whole.length + 1));
        assertRefused("d.idx");
    }

    @Test
    void theModesOfAMultimodalDatasetAreIgnored() throws IOException {
        byte[] whole = Files.readAllBytes(folder.resolve("d.idx"));
        Files.write(folder.resolve("d.idx"), Arrays.copyOf(whole, whole.length + 4));

        try (IndexedDataset dataset = IndexedDataset.open(prefix)) {
            assertThat(dataset.tokens()).isEqualTo(15);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0, 84, MMIDIDX",
        "9, 2, version 2",
        "17, 0, token type 0",
        "17, 6, floating point",
        "17, 4, at byte 58: sequence 1 starts at byte 8",
        "18, 5, 5 sequences",
        "25, -128, 9223372036854775812 sequences",
        "26, 0, 0 document boundaries",
        "33, 127, document boundaries",
        "37, -1, at byte 34: sequence 0 has length",
        "34, 5, at byte 58: sequence 1 starts at byte 8",
        "58, 127, at byte 58: sequence 1",
        "65, -1, at byte 58: sequence 1 starts at byte -",
        "66, 13, at byte 66: sequence 2 starts at byte 13 of d.bin",
        "82, 1, at byte 82: document boundary 0",
        "90, 4, at byte 98: document boundary 2",
        "114, 3, at byte 114: document boundary 4",
    })
    void aDamagedByteOfTheIndexIsRefusedNamingWhere(int at, int value, String message) throws IOException {
        byte[] bytes = Files.readAllBytes(folder.resolve("d.idx"));
        bytes[at] = (byte) value;
        Files.write(folder.resolve("d.idx"), bytes);

        assertRefused(message);
    }

    @Test
    void aFlippedByteAnywhereGivesAMessageOrOtherNumbersButNoCrash() throws IOException {
        byte[] whole = Files.readAllBytes(folder.resolve("d.idx"));
        for (int at = 0; at < whole.length; at++) {
            for (int flip : new int[] {0xFF, 0x80, 1}) {
                byte[] bytes = whole.clone();
                bytes[at] ^= (byte) flip;
                Files.write(folder.resolve("d.idx"), bytes);
                try (IndexedDataset dataset = IndexedDataset.open(prefix)) {
                    for (long i = 0; i < dataset.sequences(); i++) {
                        dataset.read(i);
                    }
                } catch (DataException expected) {
                    assertThat(expected).hasMessageContaining(folder + "/d.");
                }
            }
        }
    }

    @Test
    void dataThatIsTooLongOrTooShortIsRefused() throws IOException {
        byte[] bytes = Files.readAllBytes(folder.resolve("d.bin"));
        Files.write(folder.resolve("d.bin"), Arrays.copyOf(bytes, 32));
        assertRefused("d.bin has 32 bytes, its index describes 15 tokens of uint16, 30 bytes");

        Files.write(folder.resolve("d.bin"), Arrays.copyOf(bytes, 28));
        assertRefused("d.bin has 28 bytes, its index describes 15 tokens of uint16, 30 bytes");
    }

    @Test
    void theOldKindOfIndexIsRefusedByName() throws IOException {
        Files.writeString(folder.resolve("d.idx"), "TNTIDX\0\0something");

        assertRefused("TNTIDX");
    }

    @Test
    void aPrefixWithASuffixGetsAHint() {
        assertThatThrownBy(() -> IndexedDataset.open(folder.resolve("d.bin")))
                .hasMessageContaining("Name it without its suffix: " + prefix);
    }

    @Test
    void anIdBeyondAnIntIsRefusedWhenRead() throws IOException {
        IndexedDatasetWriter.write(prefix, TokenType.INT64, true, writer -> writer.add(new int[] {1, 2, 3}));
        ByteBuffer id = ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(1L << 31)
                .flip();
        try (FileChannel channel = FileChannel.open(folder.resolve("d.bin"), StandardOpenOption.WRITE)) {
            channel.write(id, 16);
        }

        try (IndexedDataset dataset = IndexedDataset.open(prefix)) {
            assertThatThrownBy(() -> dataset.read(0)).hasMessageContaining("at byte 16: token id 2147483648");
        }
    }

    @Test
    void anIdBeyondTheTypeIsRefusedAndNothingIsLeft() {
        Path target = folder.resolve("new/d");

        assertThatThrownBy(() -> IndexedDatasetWriter.write(
                        target, TokenType.UINT16, false, writer -> writer.add(new int[] {1, 65_536})))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("token id 65536 in document 0 does not fit uint16");
        assertThat(target.getParent()).isEmptyDirectory();
    }

    @Test
    void anExistingDatasetIsReplacedOnlyByForce() {
        assertThatThrownBy(() -> IndexedDatasetWriter.write(prefix, TokenType.UINT16, false, writer -> {}))
                .hasMessageContaining("d.bin exists already");
    }

    @Test
    void aFailedReplacementLeavesTheOldDataset() {
        assertThatThrownBy(() -> IndexedDatasetWriter.write(prefix, TokenType.UINT16, true, writer -> {
                    writer.add(new int[] {5});
                    throw new DataException("stop");
                }))
                .hasMessage("stop");

        try (IndexedDataset dataset = IndexedDataset.open(prefix)) {
            assertThat(dataset.tokens()).isEqualTo(15);
        }
    }

    @Test
    void dataShortenedWhileItIsReadGivesAMessage() throws IOException {
        IndexedDatasetWriter.write(prefix, TokenType.INT32, true, writer -> writer.add(new int[100_000]));

        try (IndexedDataset dataset = IndexedDataset.open(prefix)) {
            try (FileChannel channel = FileChannel.open(folder.resolve("d.bin"), StandardOpenOption.WRITE)) {
                channel.truncate(0);
            }

            assertThatThrownBy(() -> dataset.read(0))
                    .isInstanceOf(DataException.class)
                    .hasMessageContaining("d.bin was shortened");
        }
    }

    private void assertRefused(String message) {
        assertThatThrownBy(() -> IndexedDataset.open(prefix).close())
                .isInstanceOf(DataException.class)
                .hasMessageContaining(message);
    }

    private void assertSameBytes(String name, String golden) {
        assertThat(folder.resolve(name + ".bin")).hasSameBinaryContentAs(Golden.file(golden + ".bin"));
        assertThat(folder.resolve(name + ".idx")).hasSameBinaryContentAs(Golden.file(golden + ".idx"));
    }

    private static int largest(TokenType type) {
        return switch (type) {
            case UINT8 -> 255;
            case INT8 -> 127;
            case INT16 -> 32_767;
            case UINT16 -> 65_535;
            case INT32, INT64 -> Integer.MAX_VALUE;
        };
    }

    private static int smallest(TokenType type) {
        return switch (type) {
            case UINT8, UINT16 -> 0;
            case INT8 -> -128;
            case INT16 -> -32_768;
            case INT32, INT64 -> Integer.MIN_VALUE;
        };
    }
}
