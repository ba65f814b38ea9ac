package dev.vernacular.checkpoint.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vernacular.checkpoint.torch.TorchFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Files of `torch.save` whose directory or whose tensors lie.
class HostileZipTest {
    private static final String NAME = "hostile.ckpt";
    private static final byte[] EMPTY_DICT = new PickleScript().operations("}").end();

    @TempDir
    private Path folder;

    private void assertRefused(byte[] zip, String words) throws IOException {
        Path file = Files.write(folder.resolve(NAME), zip);

        assertThat(Reading.assertReadOrRefused(() -> TorchFile.open(file).close(), NAME))
                .get()
                .asString()
                .contains(words);
    }

    private static ZipBytes valid() {
        return new ZipBytes().add("a/data.pkl", EMPTY_DICT).add("a/data/0", new byte[24]);
    }

    @Test
    void twoMembersOfOneNameAreRefused() throws IOException {
        assertRefused(valid().add("a/data.pkl", EMPTY_DICT).bytes(), "the member a/data.pkl twice");
    }

    @Test
    void membersThatOverlapAreRefused() throws IOException {
        byte[] inside = valid().entry("a/data/1", new byte[0], 0, 60, 60, 0).bytes();
        byte[] same = valid().entry("a/data/1", new byte[0], 0, 4, 4, 0).bytes();

        assertRefused(inside, "in the same bytes");
        assertRefused(same, "in the same bytes");
    }

    @ParameterizedTest
    @ValueSource(longs = {Long.MAX_VALUE, Long.MIN_VALUE, -1, 1L << 62, 1L << 40})
    void aZip64SizeBeyondTheFileIsRefused(long size) throws IOException {
        byte[] extra = ByteBuffer.allocate(4 + 16)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putShort((short) 1)
                .putShort((short) 16)
                .putLong(size)
                .putLong(size)
                .array();

        assertRefused(valid().entry("a/data/1", extra, 0, -1, -1, 0).bytes(), "a reference to " + size + " bytes");
    }

    @Test
    void aZip64OffsetOrAbsentSizeIsRefused() throws IOException {
        assertRefused(valid().entry("a/data/1", new byte[0], 0, -1, -1, 0).bytes(), "no zip64 size");
        assertRefused(
                valid().entry("a/data/1", new byte[] {1, 0, 8, 0}, 0, -1, -1, 0).bytes(), "no zip64 size");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 1 << 20, Integer.MAX_VALUE, -2, -1})
    void aDirectoryThatIsElsewhereIsRefused(int offset) throws IOException {
        assertRefused(valid().bytes(2, offset), "is damaged");
    }

    @Test
    void moreEntriesThanThereAreIsRefused() throws IOException {
        assertRefused(valid().bytes(3, 24 + 30 + 8 + 30 + 10 + EMPTY_DICT.length), "no directory entry");
    }

    @Test
    void aMemberThatIsSmallerThanItsStorageIsRefused() throws IOException {
        byte[] pickle =
                new PickleScript().tensor(7, 0, new long[] {7}, new long[] {1}).end();

        assertRefused(
                new ZipBytes()
                        .add("a/data.pkl", pickle)
                        .add("a/data/0", new byte[24])
                        .bytes(),
                "storage 0");
    }

    @Test
    void aTensorOutsideItsStorageIsRefusedHoweverItsNumbersWrap() throws IOException {
        long[][][] views = {
            {{2, 3}, {1L << 62, 1}, {0}},
            {{1L << 32, 1L << 32}, {1L << 32, 1}, {0}},
            {{1L << 32, 1L << 32}, {0, 0}, {0}},
            {{2}, {Long.MAX_VALUE}, {Long.MAX_VALUE}},
            {{2}, {1}, {Long.MIN_VALUE}},
            {{-1}, {1}, {0}},
            {{2}, {-1}, {1}},
            {{0}, {1}, {Long.MAX_VALUE}},
            {{7}, {1}, {0}},
            {{1}, {1}, {6}},
        };
        for (long[][] view : views) {
            byte[] pickle =
                    new PickleScript().tensor(6, view[2][0], view[0], view[1]).end();

            assertRefused(
                    new ZipBytes()
                            .add("a/data.pkl", pickle)
                            .add("a/data/0", new byte[24])
                            .bytes(),
                    "a tensor ");
        }
    }

    @Test
    void aTableOfRepeatedNumbersIsNoModelHoweverLargeTheConfigurationSaysItIs() throws IOException {
        PickleScript weights =
                new PickleScript().operations("}").text("model.language_model.embedding.word_embeddings.weight");
        weights.tensor(6, 0, new long[] {1 << 30, 1 << 30}, new long[] {0, 0}).operations("s");
        PickleScript hugging = new PickleScript().operations("}").text("transformer.wte.weight");
        hugging.tensor(6, 0, new long[] {1 << 30, 1 << 30}, new long[] {0, 0}).operations("s");
        Path model = Files.createDirectories(folder.resolve("hf"));
        Files.writeString(
                model.resolve("config.json"),
                "{\"model_type\":\"gpt2\",\"n_embd\":1073741824,\"n_layer\":1,\"n_head\":1,\"n_positions\":1}");
        Files.write(
                model.resolve("pytorch_model.bin"),
                new ZipBytes()
                        .add("a/data.pkl", hugging.end())
                        .add("a/data/0", new byte[24])
                        .bytes());
        Files.writeString(
                folder.resolve("hparams.yaml"),
                "cfg: {num_layers: 1, hidden_size: 1073741824, num_attention_heads: 1, max_position_embeddings: 1,"
                        + " position_embedding_type: rope, ffn_hidden_size: 1}");
        Path file = Files.write(
                folder.resolve(NAME),
                new ZipBytes()
                        .add("a/data.pkl", weights.end())
                        .add("a/data/0", new byte[24])
                        .bytes());

        assertThat(Reading.assertReadOrRefused(() -> Reading.model(file), NAME)).isPresent();
        assertThat(Reading.assertReadOrRefused(() -> Reading.model(model), "pytorch_model.bin"))
                .isPresent();
    }
}
