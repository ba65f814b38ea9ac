package dev.vernacular.checkpoint.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vernacular.VernacularException;
import dev.vernacular.checkpoint.pickle.PickledObject;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TorchFileTest {
    @TempDir
    private Path folder;

    private static MemorySegment floats(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = i * 0.5f;
        }
        MemorySegment bytes = MemorySegment.ofArray(new byte[count * 4]);
        MemorySegment.copy(values, 0, bytes, ValueLayout.JAVA_FLOAT_UNALIGNED, 0, count);
        return bytes;
    }

    private static float[] read(Object tensor) {
        TorchTensor found = (TorchTensor) tensor;
        float[] values = new float[(int) found.elements()];
        found.read(MemorySegment.ofArray(values));
        return values;
    }

    private Path zip(byte[] pickle, int storageBytes, String byteOrder, int method) throws IOException {
        Path file = folder.resolve("made.ckpt");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
            zip.setMethod(method);
            add(zip, "archive/data.pkl", pickle);
            add(zip, "archive/byteorder", byteOrder.getBytes(StandardCharsets.US_ASCII));
            byte[] storage = new byte[storageBytes];
            for (int i = 0; i < storageBytes; i++) {
                storage[i] = (byte) i;
            }
            add(zip, "archive/data/0", storage);
        }
        return file;
    }

    private static void add(ZipOutputStream zip, String name, byte[] bytes) throws IOException {
        ZipEntry entry = new ZipEntry(name);
        CRC32 crc = new CRC32();
        crc.update(bytes);
        entry.setCrc(crc.getValue());
        entry.setSize(bytes.length);
        zip.putNextEntry(entry);
        zip.write(bytes);
        zip.closeEntry();
    }

    /// A pickle of one tensor of the storage `0` of `count` floats.
    private static byte[] tensorPickle(int count, String offset, String shape, String strides) {
        return ascii("\\x80\\x02ctorch._utils\n_rebuild_tensor_v2\n((X\\x07\\x00\\x00\\x00storagectorch\nFloatStorage\n"
                + "X\\x01\\x00\\x00\\x000X\\x03\\x00\\x00\\x00cpuK\\x%02xtQ".formatted(count)
                + offset + shape + strides + "\\x89}tR.");
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

    @Test
    void viewsAndSharedStoragesSurviveTheRoundTrip() {
        TorchTensor whole = TorchTensor.of(TorchDtype.F32, new long[] {3, 7}, floats(21));
        TorchTensor turned = new TorchTensor(TorchDtype.F32, new long[] {7, 2}, new long[] {1, 7}, 7, whole.storage());
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("whole", whole);
        root.put("tied", whole);
        root.put("turned", turned);
        Path file = folder.resolve("a.ckpt");

        TorchFile.write(file, root, false);

        try (TorchFile again = TorchFile.open(file)) {
            Map<?, ?> map = again.requirePlainData().dictionary();
            assertThat(read(map.get("turned"))).startsWith(3.5f, 7f, 4f, 7.5f);
            assertThat(((TorchTensor) map.get("whole")).storage()).isSameAs(((TorchTensor) map.get("tied")).storage());
            assertThat(read(map.get("whole"))).isEqualTo(read(whole));
        }
    }

    @Test
    void aStorageLiesAtAMultipleOf64AndTheAnnouncedSizeIsTrue() throws IOException {
        Map<String, Object> root = Map.of("w", TorchTensor.of(TorchDtype.F32, new long[] {5}, floats(5)));
        Path file = folder.resolve("a.ckpt");

        TorchFile.write(file, root, false);

        byte[] bytes = Files.readAllBytes(file);
        assertThat(TorchWriter.of(root).byteSize()).isEqualTo(bytes.length);
        int at = new String(bytes, StandardCharsets.ISO_8859_1)
                .indexOf(new String(floats(5).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.ISO_8859_1));
        assertThat(at % 64).isZero();
    }

    @Test
    void anotherZipWritersFileIsRead() throws IOException {
        Path file = zip(
                tensorPickle(6, "K\\x00", "K\\x02K\\x03\\x86", "K\\x03K\\x01\\x86"),
                24,
                "little",
                ZipOutputStream.STORED);

        try (TorchFile torch = TorchFile.open(file)) {
            assertThat(((TorchTensor) torch.root()).shape()).containsExactly(2, 3);
        }
    }

    @Test
    void aBigEndianFileIsTurnedRound() throws IOException {
        Path file = zip(tensorPickle(2, "K\\x00", "K\\x02\\x85", "K\\x01\\x85"), 8, "big", ZipOutputStream.STORED);

        try (TorchFile torch = TorchFile.open(file)) {
            assertThat(Float.floatToRawIntBits(read(torch.root())[1])).isEqualTo(0x04050607);
        }
    }

    @Test
    void aTensorOutsideItsStorageIsRefused() throws IOException {
        List<byte[]> pickles = List.of(
                tensorPickle(6, "K\\x01", "K\\x02K\\x03\\x86", "K\\x03K\\x01\\x86"),
                tensorPickle(
                        6,
                        "K\\x00",
                        "J\\xff\\xff\\xff\\x7fJ\\xff\\xff\\xff\\x7f\\x86",
                        "J\\xff\\xff\\xff\\x7fK\\x01\\x86"),
                tensorPickle(
                        6,
                        "K\\x00",
                        "\\x8a\\x08\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x7fK\\x09\\x86",
                        "K\\x00K\\x00\\x86"),
                tensorPickle(6, "J\\xff\\xff\\xff\\xff", "K\\x01\\x85", "K\\x01\\x85"),
                tensorPickle(6, "K\\x00", "J\\xff\\xff\\xff\\xff\\x85", "K\\x01\\x85"),
                tensorPickle(6, "K\\x00", "K\\x02K\\x03\\x86", "K\\x01\\x85"),
                tensorPickle(7, "K\\x00", "K\\x02K\\x03\\x86", "K\\x03K\\x01\\x86"));

        for (byte[] pickle : pickles) {
            Path file = zip(pickle, 24, "little", ZipOutputStream.STORED);
            assertThatThrownBy(() -> TorchFile.open(file))
                    .isInstanceOf(VernacularException.class)
                    .hasMessageContaining("made.ckpt")
                    .hasMessageContaining("byte ");
        }
    }

    @Test
    void codeInAPickleIsInertAndHasNoPlaceAmongWeights() throws IOException {
        Path file = zip(
                ascii("\\x80\\x02}X\\x01\\x00\\x00\\x00wcposix\nsystem\nX\\x0c\\x00\\x00\\x00touch hacked\\x85Rs."),
                4,
                "little",
                ZipOutputStream.STORED);

        try (TorchFile torch = TorchFile.open(file)) {
            assertThat(torch.dictionary().get("w")).isInstanceOf(PickledObject.class);
            assertThatThrownBy(torch::requirePlainData)
                    .isInstanceOf(TorchException.class)
                    .hasMessageContaining("'w'")
                    .hasMessageContaining("posix.system")
                    .hasMessageContaining("made.ckpt");
        }
        assertThat(folder.resolve("hacked")).doesNotExist();
    }

    @Test
    void foreignClassesMayHideInExtraStateOnly() throws IOException {
        Path file = zip(
                ascii("\\x80\\x02}X\\x0e\\x00\\x00\\x00a._extra_statectransformer_engine\nThing\n)Rs."),
                4,
                "little",
                ZipOutputStream.STORED);

        try (TorchFile torch = TorchFile.open(file)) {
            assertThat(torch.requirePlainData().dictionary()).hasSize(1);
        }
    }

    @Test
    void aCompressedMemberIsRefused() throws IOException {
        Path file =
                zip(tensorPickle(6, "K\\x00", "K\\x06\\x85", "K\\x01\\x85"), 24, "little", ZipOutputStream.DEFLATED);

        assertThatThrownBy(() -> TorchFile.open(file)).hasMessageContaining("compressed");
    }

    @Test
    void oldFormatsAndOtherFilesAreNamed() throws IOException {
        Path old = Files.write(
                folder.resolve("old.pt"),
                ascii("\\x80\\x02\\x8a\\x0a\\x6c\\xfc\\x9c\\x46\\xf9\\x20\\x6a\\xa8\\x50\\x19."));
        Path empty = Files.write(folder.resolve("empty.pt"), new byte[0]);
        Path text = Files.writeString(folder.resolve("text.pt"), "hello");

        assertThatThrownBy(() -> TorchFile.open(old))
                .hasMessageContaining("legacy")
                .hasMessageContaining("old.pt");
        assertThatThrownBy(() -> TorchFile.open(empty)).hasMessageContaining("is empty");
        assertThatThrownBy(() -> TorchFile.open(text)).hasMessageContaining("no zip");
        assertThatThrownBy(() -> TorchFile.open(folder.resolve("no.pt"))).hasMessageContaining("no.pt");
    }

    @Test
    void damageAnywhereGivesDataOrATypedError() throws IOException {
        Path file = folder.resolve("a.ckpt");
        TorchFile.write(file, Map.of("w", TorchTensor.of(TorchDtype.F32, new long[] {2, 3}, floats(6))), false);
        byte[] whole = Files.readAllBytes(file);
        for (int at = 0; at < whole.length; at++) {
            byte[] damaged = whole.clone();
            damaged[at] ^= (byte) 0xff;
            openOrRefuse(damaged);
            openOrRefuse(Arrays.copyOf(whole, at));
        }
    }

    @Test
    void aStorageThatDiffersFromItsChecksumIsRefusedWhenItIsRead() throws IOException {
        Path file = folder.resolve("a.ckpt");
        TorchFile.write(file, Map.of("w", TorchTensor.of(TorchDtype.F32, new long[] {5}, floats(5))), false);
        flip(file, floats(5).toArray(ValueLayout.JAVA_BYTE));

        try (TorchFile torch = TorchFile.open(file)) {
            TorchTensor tensor = (TorchTensor) torch.dictionary().get("w");
            assertThatThrownBy(() -> read(tensor))
                    .isInstanceOf(TorchException.class)
                    .hasMessageContaining("a.ckpt is damaged: its member archive/data/0");
            assertThatThrownBy(() -> tensor.requireWhole("w"))
                    .hasMessageContaining("tensor w, stored in archive/data/0");
            assertThatThrownBy(torch::requireWhole).hasMessageContaining("archive/data/0");
        }
    }

    @Test
    void aPickleThatDiffersFromItsChecksumIsRefused() throws IOException {
        Path file = folder.resolve("a.ckpt");
        TorchFile.write(file, Map.of("wordtable", 3L), false);
        flip(file, "wordtable".getBytes(StandardCharsets.US_ASCII));

        assertThatThrownBy(() -> TorchFile.open(file))
                .isInstanceOf(TorchException.class)
                .hasMessageContaining("a.ckpt is damaged: its member archive/data.pkl");
    }

    @Test
    void aFileWrittenWithoutChecksumsIsRead() throws IOException {
        Path file = zip(
                tensorPickle(6, "K\\x00", "K\\x02K\\x03\\x86", "K\\x03K\\x01\\x86"),
                24,
                "little",
                ZipOutputStream.STORED);
        byte[] bytes = Files.readAllBytes(file);
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        for (int entry = text.indexOf("PK\001\002"); entry >= 0; entry = text.indexOf("PK\001\002", entry + 1)) {
            Arrays.fill(bytes, entry + 16, entry + 20, (byte) 0);
        }
        Files.write(file, bytes);

        try (TorchFile torch = TorchFile.open(file)) {
            assertThat(read(torch.root())).hasSize(6);
        }
    }

    private static void flip(Path file, byte[] inside) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        int at =
                new String(bytes, StandardCharsets.ISO_8859_1).indexOf(new String(inside, StandardCharsets.ISO_8859_1));
        bytes[at + 5] ^= 1;
        Files.write(file, bytes);
    }

    private void openOrRefuse(byte[] bytes) throws IOException {
        Path file = Files.write(folder.resolve("damaged.ckpt"), bytes);
        try {
            TorchFile.open(file).close();
        } catch (VernacularException expected) {
            assertThat(expected).hasMessageContaining("damaged.ckpt");
        }
    }
}
