package dev.vernacular.checkpoint.hf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vernacular.checkpoint.Golden;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Headers that lie about the 32 bytes that follow them.
class HostileSafetensorsTest {
    private static final int DATA = 32;

    @TempDir
    private Path folder;

    private Path file(byte[] header) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(8 + header.length + DATA).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(header.length).put(header);
        return Files.write(folder.resolve("hostile.safetensors"), bytes.array());
    }

    private static String tensor(String name, String dtype, String shape, String offsets) {
        return "\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":%s}".formatted(name, dtype, shape, offsets);
    }

    private void assertRefused(String header, String... words) throws IOException {
        assertRefused(file(header.getBytes(StandardCharsets.UTF_8)), words);
    }

    private static void assertRefused(Path file, String... words) {
        assertThatThrownBy(() -> SafetensorsFile.open(file).close())
                .isInstanceOf(HuggingFaceException.class)
                .hasMessageContaining("hostile.safetensors")
                .hasMessageContainingAll(words);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "F32  | [8]                     | [0,33]                    | a lies at bytes 0 to 33 of 32",
                "F32  | [8]                     | [8,0]                     | a lies at bytes 8 to 0",
                "F32  | [7]                     | [4,32]                    | a lies at bytes 4 to 32",
                "F32  | [7]                     | [0,28]                    | end at byte 28 of 32",
                "F32  | [9]                     | [0,32]                    | F32[9] does not",
                "F32  | []                      | [0,32]                    | F32[] does not",
                "F32  | [4611686018427387904,8] | [0,32]                    | does not",
                "F32  | [9223372036854775807,9223372036854775807] | [0,32]  | does not",
                "F32  | [-8]                    | [0,32]                    | a.shape holds",
                "F32  | [8.0]                   | [0,32]                    | a.shape holds",
                "F32  | [[8]]                   | [0,32]                    | a.shape holds",
                "F32  | 8                       | [0,32]                    | a.shape is no list",
                "F32  | [1,1,1,1,1,1,1,1,8]     | [0,32]                    | a.shape holds more than 8",
                "F32  | [8]                     | [0,99999999999999999999]  | a.data_offsets holds",
                "F32  | [8]                     | [0,32,64]                 | two data_offsets",
                "F4   | [64]                    | [0,32]                    | of type F4",
                "f32  | [8]                     | [0,32]                    | of type f32",
            })
    void aTensorThatCannotBeThereIsNamed(String dtype, String shape, String offsets, String words) throws IOException {
        assertRefused("{" + tensor("a", dtype, shape, offsets) + "}", words);
    }

    @Test
    void tensorsThatOverlapOrLeaveAGapAreNamed() throws IOException {
        String first = tensor("a", "F32", "[4]", "[0,16]");

        assertRefused("{" + first + "," + tensor("b", "F32", "[5]", "[12,32]") + "}", "b lies at bytes 12");
        assertRefused("{" + first + "," + tensor("b", "F32", "[3]", "[20,32]") + "}", "b lies at bytes 20");
        assertRefused("{" + first + "," + tensor("b", "F32", "[4]", "[0,16]") + "}", "lies at bytes 0");
    }

    @Test
    void aTensorThatIsThereTwiceIsNamed() throws IOException {
        String tensor = tensor("a", "F32", "[8]", "[0,32]");

        assertRefused("{" + tensor + "," + tensor + "}", "a is there twice");
    }

    @Test
    void anEntryThatLacksAPartIsNamed() throws IOException {
        assertRefused("{\"a\":{\"dtype\":\"F32\",\"shape\":[8]}}", "a needs");
        assertRefused("{\"a\":{}}", "a needs");
        assertRefused("{\"a\":[]}", "a is no object");
        assertRefused("{\"a\":null}", "a is no object");
    }

    @Test
    void aHeaderThatIsNoJsonObjectIsRefused() throws IOException {
        assertRefused("[]", "no JSON object");
        assertRefused("{\"a\":", "no JSON");
        assertRefused("{} {}", "something follows");
        assertRefused("{\"__metadata__\":" + "[".repeat(100_000) + "}", "no JSON");
        assertRefused(file(new byte[] {'{', '"', (byte) 0xc3, (byte) 0x28, '"', ':', '1', '}'}), "damaged");
    }

    @Test
    void aHeaderThatIsLargerThanTheFileOrTheLimitIsRefusedUnread() throws IOException {
        Path file = file("{}".getBytes(StandardCharsets.UTF_8));
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(1L << 32);
            sparse.write(ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(1L << 31)
                    .array());
            assertRefused(file, "header of 2147483648 bytes");
            sparse.seek(0);
            sparse.writeLong(-1);
            assertRefused(file, "header of 18446744073709551615 bytes");
        }
    }

    @Test
    void metadataOfAnySizeIsLookedPast() throws IOException {
        StringBuilder metadata = new StringBuilder("{\"__metadata__\":{");
        for (int i = 0; i < 200_000; i++) {
            metadata.append("\"key").append(i).append("\":\"\",");
        }
        metadata.append("\"format\":\"pt\"},")
                .append(tensor("a", "F32", "[8]", "[0,32]"))
                .append('}');

        try (SafetensorsFile file =
                SafetensorsFile.open(file(metadata.toString().getBytes(StandardCharsets.UTF_8)))) {
            assertThat(file.tensors()).containsOnlyKeys("a");
        }
    }

    @Test
    void aByteThatIsWrongIsAnErrorOrAnotherTensor() throws IOException {
        byte[] whole = Files.readAllBytes(Golden.path("hf/model.safetensors"));
        Path damaged = folder.resolve("hostile.safetensors");
        for (int at = 0; at < 2000; at += 11) {
            byte[] copy = whole.clone();
            copy[at] ^= (byte) (1 + at % 255);
            Files.write(damaged, copy);
            try (SafetensorsFile file = SafetensorsFile.open(damaged)) {
                assertThat(file.tensors()).isNotEmpty();
            } catch (HuggingFaceException e) {
                assertThat(e).hasMessageContaining("hostile.safetensors");
            }
        }
    }
}
