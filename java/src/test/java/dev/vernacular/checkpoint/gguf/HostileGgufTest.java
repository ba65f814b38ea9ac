package dev.vernacular.checkpoint.gguf;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vernacular.checkpoint.ModelFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Heads that lie about what follows them. Each is a few hundred bytes and 64 KiB of zeros as data.
class HostileGgufTest {
    private static final int F32 = 0;
    private static final int AT_VERSION = 4;
    private static final int AT_TENSORS = 8;
    private static final int AT_KEYS = 16;
    /// Behind the length of the first key and `general.architecture`.
    private static final int AT_TYPE = 24 + 8 + 20;

    @TempDir
    private Path folder;

    private static GgufHeader gpt2() {
        GgufHeader header = new GgufHeader();
        header.text("general.architecture", "gpt2");
        return header;
    }

    private void assertRefused(GgufHeader header, String... words) throws IOException {
        assertRefused(header, bytes -> {}, words);
    }

    private void assertRefused(GgufHeader header, Consumer<ByteBuffer> damage, String... words) throws IOException {
        byte[] head = header.bytes(32);
        byte[] bytes = Arrays.copyOf(head, head.length + (1 << 16));
        damage.accept(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN));
        Path file = Files.write(folder.resolve("hostile.gguf"), bytes);

        assertThatThrownBy(() -> ModelFile.open(file).close())
                .isInstanceOf(GgufException.class)
                .hasMessageContaining("hostile.gguf")
                .hasMessageContainingAll(words);
    }

    @Test
    void anotherArchitectureIsNamed() throws IOException {
        GgufHeader header = new GgufHeader();
        header.text("general.architecture", "llama");

        assertRefused(header, "general.architecture is llama");
    }

    @Test
    void anotherVersionOrByteOrderIsNamed() throws IOException {
        assertRefused(gpt2(), bytes -> bytes.putInt(AT_VERSION, 1), "version 1");
        assertRefused(gpt2(), bytes -> bytes.putInt(AT_VERSION, -1), "version 4294967295");
        assertRefused(gpt2(), bytes -> bytes.putInt(AT_VERSION, 3 << 24), "big-endian");
    }

    @Test
    void aCountBeyondTheFileIsNamedWithItsOffset() throws IOException {
        assertRefused(gpt2(), bytes -> bytes.putLong(AT_TENSORS, Long.MAX_VALUE), "tensors, at byte 8, is 9223372036");
        assertRefused(gpt2(), bytes -> bytes.putLong(AT_KEYS, -1), "keys, at byte 16, is 18446744073709551615");
        assertRefused(gpt2(), bytes -> bytes.putLong(AT_KEYS + 8, 1L << 40), "name of key 0, at byte 24");
    }

    @Test
    void aValueOfNoKnownTypeIsNamedByItsKey() throws IOException {
        assertRefused(gpt2(), bytes -> bytes.putInt(AT_TYPE, 99), "general.architecture is of type 99");
        assertRefused(
                gpt2(),
                bytes -> bytes.putInt(AT_TYPE, 9).putInt(AT_TYPE + 4, 9),
                "general.architecture is an array of");
        assertRefused(
                gpt2(),
                bytes -> bytes.putInt(AT_TYPE, 9).putInt(AT_TYPE + 4, 0).putLong(AT_TYPE + 8, 1L << 60),
                "number of elements of general.architecture");
    }

    @Test
    void aKeyThatIsThereTwiceIsNamed() throws IOException {
        GgufHeader header = gpt2();
        header.text("general.architecture", "gpt2");

        assertRefused(header, "general.architecture is there twice");
    }

    @Test
    void aKeyOfTheWrongKindIsNamed() throws IOException {
        GgufHeader header = new GgufHeader();
        header.number("general.architecture", 2);

        assertRefused(header, "general.architecture is no text");
    }

    @Test
    void oneOfSeveralPartsIsRefusedSayingWhatToDo() throws IOException {
        GgufHeader header = gpt2();
        header.number("split.count", 3);

        assertRefused(header, "one of 3 parts", "--merge");
    }

    @Test
    void anAlignmentThatIsNoPowerOfTwoIsRefused() throws IOException {
        for (int alignment : List.of(0, 48, 1 << 30)) {
            GgufHeader header = gpt2();
            header.number("general.alignment", alignment);

            assertRefused(header, "general.alignment is " + alignment);
        }
    }

    @Test
    void aTensorThatCannotBeThereIsNamed() throws IOException {
        assertRefused(tensor(new long[] {4, 4}, F32, 1 << 17), "a is 64 bytes at byte 131072");
        assertRefused(tensor(new long[] {4, 4}, F32, Long.MAX_VALUE - 31), "a is 64 bytes at byte 92233720368547");
        assertRefused(tensor(new long[] {4, 4}, F32, -32), "a starts at byte 18446744073709551584");
        assertRefused(tensor(new long[] {4, 4}, F32, 8), "a starts at byte 8");
        assertRefused(tensor(new long[] {1L << 62, 8}, F32, 0), "a has the shape [4611686018427387904, 8]");
        assertRefused(tensor(new long[] {-1, 8}, F32, 0), "a has the shape [18446744073709551615, 8]");
        assertRefused(tensor(new long[] {0, 8}, F32, 0), "a has the shape [0, 8]");
        assertRefused(tensor(new long[] {4, 48}, 8, 0), "a has rows of 48", "Q8_0");
        assertRefused(tensor(new long[] {1, 1, 1, 1, 1}, F32, 0), "a has 5 axes");
        assertRefused(tensor(new long[0], F32, 0), "a has 0 axes");
    }

    @Test
    void anotherQuantisationIsNamedWithWhatToDo() throws IOException {
        assertRefused(tensor(new long[] {4, 256}, 12, 0), "a is of type Q4_K", "llama-quantize");
        assertRefused(tensor(new long[] {4, 256}, 77, 0), "a is of type number 77");
        assertRefused(tensor(new long[] {4, 256}, -1, 0), "a is of type number -1");
    }

    private static GgufHeader tensor(long[] shape, int type, long offset) {
        GgufHeader header = gpt2();
        header.tensor("a", shape, type, offset);
        return header;
    }

    @Test
    void tensorsThatShareBytesOrANameAreNamed() throws IOException {
        GgufHeader overlapping = tensor(new long[] {16}, F32, 0);
        overlapping.tensor("b", new long[] {16}, F32, 32);
        GgufHeader twice = tensor(new long[] {16}, F32, 0);
        twice.tensor("a", new long[] {16}, F32, 64);

        assertRefused(overlapping, "a and b overlap");
        assertRefused(twice, "a is there twice");
    }

    @Test
    void aModelWithoutItsKeysOrTensorsIsRefusedNamingThem() throws IOException {
        GgufHeader deep = tensor(new long[] {4, 4}, F32, 0);
        GgufHeader table = gpt2();
        table.tensor("token_embd.weight", new long[] {300, 4}, F32, 0);
        GgufHeader many = gpt2();
        many.number("gpt2.context_length", 5);
        many.number("gpt2.embedding_length", 4);
        many.number("gpt2.feed_forward_length", 8);
        many.number("gpt2.block_count", Integer.MAX_VALUE);
        many.number("gpt2.attention.head_count", 2);
        many.decimal("gpt2.attention.layer_norm_epsilon", 1e-5f);
        many.tensor("token_embd.weight", new long[] {300, 4}, F32, 0);

        assertRefused(deep, "token_embd.weight");
        assertRefused(table, "no key gpt2.embedding_length");
        assertRefused(many, "gpt2.block_count is 2147483647");
    }

    @Test
    void aTokenizerThatDoesNotFitItsTableIsRefusedNamingTheKey() throws IOException {
        GgufHeader tooFew = gpt2();
        tooFew.text("tokenizer.ggml.model", "gpt2");
        tooFew.texts("tokenizer.ggml.tokens", List.of("a", "b"));
        tooFew.tensor("token_embd.weight", new long[] {3, 4}, F32, 0);
        GgufHeader otherCuts = gpt2();
        otherCuts.text("tokenizer.ggml.model", "gpt2");
        otherCuts.text("tokenizer.ggml.pre", "llama-bpe");
        otherCuts.tensor("token_embd.weight", new long[] {3, 4}, F32, 0);

        assertRefused(tooFew, "tokenizer.ggml.tokens has 2 elements", "3 rows");
        assertRefused(otherCuts, "tokenizer.ggml.pre is llama-bpe");
    }
}
