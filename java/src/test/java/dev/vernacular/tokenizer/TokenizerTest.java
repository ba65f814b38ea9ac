package dev.vernacular.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import dev.vernacular.files.FilesException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenizerTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden/tokenizer");

    /// An encoder that is quadratic in the length of a piece takes minutes.
    private static final Duration FAR_BELOW_QUADRATIC = Duration.ofSeconds(20);

    private final Tokenizer tokenizer = Tokenizer.load(GOLDEN.resolve("gpt2"));

    @ParameterizedTest
    @ValueSource(strings = {"a", " ", "\n", "1", "!", "\u0301", "\u0E01", "\u00A0", "\uD83D\uDE00", "ab", "'"})
    void aMegabyteOfOneCharacterIsEncodedInLinearTime(String character) {
        String text = character.repeat((1 << 20) / character.getBytes(StandardCharsets.UTF_8).length);

        assertTimeout(
                FAR_BELOW_QUADRATIC,
                () -> assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text));
    }

    @Test
    void endOfTextInTextIsItsIdUnlessAskedOtherwise() {
        assertThat(tokenizer.encode("a<|endoftext|>b")).hasSize(3).contains(tokenizer.endOfText());
        assertThat(tokenizer.encodeOrdinary("a<|endoftext|>b"))
                .hasSizeGreaterThan(3)
                .doesNotContain(tokenizer.endOfText());
    }

    @Test
    void ofTwoSpecialTokensThatStartTogetherTheLongerWins() {
        Vocabulary with = withAdded("<|a|>", "<|a|>b", "|>b");

        int[] ids = Tokenizer.of(with).encode("<|a|>bc<|a|>");

        assertThat(ids)
                .containsExactly(
                        with.ids().get("<|a|>b"),
                        with.ids().get("c"),
                        with.ids().get("<|a|>"));
    }

    @Test
    void aSpecialTokenOutsideTheByteAlphabetDecodesToItself() {
        Tokenizer with = Tokenizer.of(withAdded("<จบ é>"));

        assertThat(with.decode(with.encode("x<จบ é>y"))).isEqualTo("x<จบ é>y");
    }

    @Test
    void bytesThatAreNoUtf8DecodeToReplacementCharacters() {
        int lead = tokenizer.vocabulary().ids().get("\u00E0");

        assertThat(tokenizer.decodeBytes(new int[] {lead})).containsExactly(0xE0);
        assertThat(tokenizer.decode(new int[] {lead, lead})).isEqualTo("\uFFFD\uFFFD");
    }

    @Test
    void anIdOutsideTheVocabularyIsRefusedNamingIt() {
        assertThatThrownBy(() -> tokenizer.decode(new int[] {0, 1001}))
                .isInstanceOf(TokenizerException.class)
                .hasMessage("id 1001 is in no token: the vocabulary has ids 0 to 1000");
    }

    @Test
    void offsetsCountCodePoints() {
        int[] ids = tokenizer.encode("a\uD83D\uDE00b");

        int[][] offsets = TokenOffsets.of(tokenizer, "a\uD83D\uDE00b", ids);

        assertThat(offsets[0]).containsExactly(0, 1);
        assertThat(offsets[1]).containsExactly(1, 2);
        assertThat(offsets[offsets.length - 1]).containsExactly(2, 3);
    }

    @Test
    void savingKeepsTheFilesByteForByteAndNeverReplacesThemUnasked(@TempDir Path folder) {
        tokenizer.save(folder.resolve("new"), false);

        assertThat(folder.resolve("new/tokenizer.json")).hasSameBinaryContentAs(GOLDEN.resolve("gpt2/tokenizer.json"));
        assertThat(folder.resolve("new/vocab.json")).hasSameBinaryContentAs(GOLDEN.resolve("gpt2/vocab.json"));
        assertThatThrownBy(() -> tokenizer.save(folder.resolve("new"), false)).isInstanceOf(FilesException.class);
    }

    private Vocabulary withAdded(String... contents) {
        Vocabulary old = tokenizer.vocabulary();
        List<String> tokens = new ArrayList<>(old.tokens());
        List<Vocabulary.AddedToken> added = new ArrayList<>(old.added());
        for (String content : contents) {
            added.add(new Vocabulary.AddedToken(tokens.size(), content, true));
            tokens.add(content);
        }
        return new Vocabulary(tokens, old.merges(), added, old.preTokenizer());
    }
}
