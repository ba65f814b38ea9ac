package dev.vernacular.checkpoint.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vernacular.VernacularException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Tensors in every way that a pickle may describe them, over one storage of the floats 0, 1, 2, … 23.
class TorchTensorTest {
    private static final String STORAGE =
            "((X\\x07\\x00\\x00\\x00storagec%s\nX\\x01\\x00\\x00\\x000" + "X\\x06\\x00\\x00\\x00cuda:0K\\x%02xtQ";
    private static final String FLOATS = STORAGE.formatted("torch\nFloatStorage", 24);
    private static final String BYTES = STORAGE.formatted("torch.storage\nUntypedStorage", 96);
    private static final String VERSION_2 = "ctorch._utils\n_rebuild_tensor_v2\n" + FLOATS;
    private static final String NO_HOOKS = "\\x89ccollections\nOrderedDict\n)R";

    @TempDir
    private Path folder;

    /// A file whose pickle is these operations; `\xNN` is a byte.
    private Path file(String operations, ByteOrder order) throws IOException {
        ByteBuffer storage = ByteBuffer.allocate(96).order(order);
        for (int i = 0; i < 24; i++) {
            storage.putFloat(i);
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ZipWriter zip = new ZipWriter(Channels.newChannel(bytes));
        zip.add("x/data.pkl", ByteBuffer.wrap(ascii("\\x80\\x02" + operations + ".")));
        zip.add("x/byteorder", ByteBuffer.wrap(ascii(order == ByteOrder.BIG_ENDIAN ? "big" : "little")));
        zip.add("x/data/0", storage.flip());
        zip.finish();
        return Files.write(folder.resolve("made.pt"), bytes.toByteArray());
    }

    private static byte[] ascii(String text) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int i = 0; i < text.length(); i++) {
            boolean isEscape = text.startsWith("\\x", i);
            bytes.write(isEscape ? Integer.parseInt(text.substring(i + 2, i + 4), 16) : text.charAt(i));
            i += isEscape ? 3 : 0;
        }
        return bytes.toByteArray();
    }

    private float[] values(String operations, ByteOrder order) throws IOException {
        try (TorchFile file = TorchFile.open(file(operations, order))) {
            TorchTensor tensor = (TorchTensor) file.requirePlainData().root();
            float[] values = new float[(int) tensor.elements()];
            tensor.read(MemorySegment.ofArray(values));
            return values;
        }
    }

    private float[] values(String operations) throws IOException {
        return values(operations, ByteOrder.LITTLE_ENDIAN);
    }

    @Test
    void aTensorOfVersion3NamesItsTypeItself() throws IOException {
        String tensor = "ctorch._utils\n_rebuild_tensor_v3\n" + BYTES + "K\\x02K\\x03\\x85K\\x01\\x85" + NO_HOOKS
                + "ctorch\nfloat32\ntR";

        assertThat(values(tensor)).containsExactly(2, 3, 4);
    }

    @Test
    void aSingleNumberHasNoSizeAndNoStride() throws IOException {
        assertThat(values(VERSION_2 + "K\\x05))" + NO_HOOKS + "tR")).containsExactly(5);
    }

    @Test
    void aParameterIsItsTensor() throws IOException {
        String tensor = VERSION_2 + "K\\x00K\\x02\\x85K\\x01\\x85" + NO_HOOKS + "tR";
        String parameter = "ctorch._utils\n_rebuild_parameter\n" + tensor + "\\x88ccollections\nOrderedDict\n)R\\x87R";

        assertThat(values(parameter)).containsExactly(0, 1);
    }

    @ParameterizedTest
    @CsvSource({
        "transposed,        K\\x00 K\\x02K\\x03\\x86 K\\x01K\\x02\\x86, 0 2 4 1 3 5",
        "every other row,   K\\x01 K\\x03K\\x02\\x86 K\\x08K\\x01\\x86, 1 2 9 10 17 18",
        "one row repeated,  K\\x04 K\\x02K\\x02\\x86 K\\x00K\\x01\\x86, 4 5 4 5",
        "overlapping,       K\\x00 K\\x02K\\x03\\x86 K\\x01K\\x01\\x86, 0 1 2 1 2 3",
        "three axes turned, K\\x00 K\\x02K\\x02K\\x02\\x87 K\\x01K\\x02K\\x04\\x87, 0 4 2 6 1 5 3 7",
        "nothing,           K\\x00 K\\x00K\\x03\\x86 K\\x03K\\x01\\x86, ''"
    })
    void aViewOfAnyStridesReadsInRowMajorOrderWhateverTheByteOrder(String view, String place, String expected)
            throws IOException {
        String tensor = VERSION_2 + place.replace(" ", "") + NO_HOOKS + "tR";

        for (ByteOrder order : new ByteOrder[] {ByteOrder.LITTLE_ENDIAN, ByteOrder.BIG_ENDIAN}) {
            StringBuilder text = new StringBuilder();
            for (float value : values(tensor, order)) {
                text.append(text.isEmpty() ? "" : " ").append((int) value);
            }
            assertThat(text.toString()).as("%s, %s", view, order).isEqualTo(expected);
        }
    }

    @Test
    void rowsOfAViewAreAView() throws IOException {
        String turned = VERSION_2 + "K\\x00K\\x04K\\x02\\x86K\\x01K\\x04\\x86" + NO_HOOKS + "tR";
        try (TorchFile file = TorchFile.open(file(turned, ByteOrder.LITTLE_ENDIAN))) {
            float[] rows = new float[4];

            ((TorchTensor) file.root()).rows(1, 2).read(MemorySegment.ofArray(rows));

            assertThat(rows).containsExactly(1, 5, 2, 6);
        }
    }

    @Test
    void aTypeThatNoKernelTakesIsStillData() throws IOException {
        String tensor = "ctorch._utils\n_rebuild_tensor_v3\n" + BYTES + "K\\x00K\\x03\\x85K\\x01\\x85" + NO_HOOKS
                + "ctorch\nfloat8_e4m3fn\ntR";

        try (TorchFile file = TorchFile.open(file(tensor, ByteOrder.LITTLE_ENDIAN))) {
            assertThat(file.requirePlainData().root()).hasToString("F8_E4M3[3]");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "sizes that overflow,   K\\x00 \\x8a\\x08\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x7fK\\x04\\x86 K\\x00K\\x00\\x86",
        "strides that overflow, K\\x00 K\\x04K\\x02\\x86 \\x8a\\x08\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x7fK\\x01\\x86",
        "an offset that does,   \\x8a\\x08\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x7f K\\x02\\x85 K\\x01\\x85",
        "a negative stride,     K\\x05 K\\x02\\x85 J\\xff\\xff\\xff\\xff\\x85",
        "no number,             K\\x00 N\\x85 K\\x01\\x85"
    })
    void aViewThatCannotBeIsRefusedNamingFileAndByte(String what, String place) throws IOException {
        Path file = file(VERSION_2 + place.replace(" ", "") + NO_HOOKS + "tR", ByteOrder.LITTLE_ENDIAN);

        assertThatThrownBy(() -> TorchFile.open(file))
                .as(what)
                .isInstanceOf(VernacularException.class)
                .hasMessageContaining("made.pt")
                .hasMessageContaining("byte ");
    }

    @Test
    void theVeryOldTarFormIsNamed() throws IOException {
        Path old = Files.write(folder.resolve("old.pt"), new byte[1024]);
        byte[] bytes = Files.readAllBytes(old);
        System.arraycopy("ustar".getBytes(StandardCharsets.US_ASCII), 0, bytes, 257, 5);
        Files.write(old, bytes);

        assertThatThrownBy(() -> TorchFile.open(old))
                .isInstanceOf(TorchException.class)
                .hasMessageContaining("torch.save");
    }
}
