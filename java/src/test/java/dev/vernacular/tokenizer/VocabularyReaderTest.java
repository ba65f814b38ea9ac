package dev.vernacular.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Damaged and foreign files: each is refused with one sentence that says what is wrong and where.
class VocabularyReaderTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden/tokenizer/gpt2");
    private static final byte[] ABSENT = {};

    private final String vocabulary = read("vocab.json");
    private final String merges = read("merges.txt");
    private final String tokenizer = read("tokenizer.json");

    @Test
    void truncatedJsonIsRefusedWithThePlace() {
        refused(vocabulary.substring(0, 5000), merges, "")
                .hasMessageStartingWith("vocab.json is damaged at line 1, column ");
        refused("", "", tokenizer.substring(0, 5000)).hasMessageStartingWith("tokenizer.json is damaged at line 1");
    }

    @Test
    void jsonOfAnotherKindIsRefused() {
        refused("[1, 2]", merges, "").hasMessage("vocab.json holds no JSON object");
        refused("7", merges, "").hasMessage("vocab.json holds no JSON object");
        refused(" ", merges, "").hasMessageStartingWith("vocab.json");
        refused("", "", "{}").hasMessageContaining("model.type");
    }

    @Test
    void oneFileOfTwoIsRefused() {
        refused(vocabulary, "", "").hasMessageContaining("vocab.json without merges.txt");
        refused("", merges, "").hasMessageContaining("merges.txt without vocab.json");
        refused("", "", "").hasMessageContaining("neither");
    }

    @ParameterizedTest
    @CsvSource({"abc", "a b c", "' b'", "'a '", "''"})
    void aBrokenMergeIsRefusedNamingItsLine(String line) {
        String[] lines = merges.split("\n");
        lines[16] = line;

        refused(vocabulary, String.join("\n", lines), "")
                .hasMessage("merges.txt line 17 is '" + line + "': a merge is two tokens with one space between them");
    }

    @Test
    void aMergeWithoutItsProductIsRefusedNamingIt() {
        refused(vocabulary, merges + "q q\n", "")
                .hasMessageContaining("'q q', needs token 'qq', which the vocabulary does not have");
    }

    @Test
    void anIdGivenTwiceIsRefusedNamingBothTokens() {
        refused(vocabulary.replace("\"a\":64", "\"a\":65"), merges, "")
                .hasMessage("vocab.json: id 65 is given to both 'a' and 'b'");
    }

    @Test
    void aTokenGivenTwiceIsRefused() {
        refused(vocabulary.replace("\"b\":65", "\"a\":65"), merges, "").hasMessageContaining("Duplicate");
    }

    @Test
    void aGapInTheIdsIsRefusedNamingIt() {
        refused(vocabulary.replace(":1000}", ":2000000000}"), merges, "")
                .hasMessage("vocab.json: no token has id 1000, but there are ids up to 2000000000: ids have no gaps");
    }

    @ParameterizedTest
    @CsvSource({"-1", "1.5", "\"7\"", "null", "99999999999"})
    void anIdThatIsNoWholeNumberIsRefused(String id) {
        refused(vocabulary.replace("\"a\":64", "\"a\":" + id), merges, "")
                .hasMessage("vocab.json: token 'a' has id " + id + ", not a whole number ≥ 0");
    }

    @Test
    void aVocabularyWithoutAByteIsRefused() {
        refused(vocabulary.replace("\"a\":64", "\"aa a\":64"), merges, "")
                .hasMessageContaining("no token for byte 0x61");
    }

    @Test
    void mergesThatAreNoUtf8AreRefused() {
        assertThatThrownBy(() ->
                        Tokenizer.of(new TokenizerFiles(bytes(vocabulary), new byte[] {'a', ' ', (byte) 0xFF}, ABSENT)))
                .hasMessage("merges.txt is not UTF-8 text");
    }

    @Test
    void filesOfDifferentTokenizersAreRefused() {
        refused(vocabulary.replace("\"a\":64", "\"a\":65").replace("\"b\":65", "\"b\":64"), "", tokenizer)
                .hasMessageContaining("different tokenizers: token 'a' has id 64 and 65");
        refused("", merges.replaceFirst("\n[^\n]*\n", "\n"), tokenizer).hasMessageContaining("merges are not the same");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"normalizer\":null | \"normalizer\":{\"type\":\"NFC\"} | normalizer is {\"type\":\"NFC\"}",
                "\"type\":\"BPE\" | \"type\":\"WordPiece\" | model.type is \"WordPiece\"",
                "\"dropout\":null | \"dropout\":0.1 | dropout is 0.1",
                "\"ignore_merges\":false | \"ignore_merges\":true | ignore_merges is true",
                "\"end_of_word_suffix\":null | \"end_of_word_suffix\":\"</w>\" | end_of_word_suffix is \"</w>\"",
                "\"add_prefix_space\":false | \"add_prefix_space\":true | pre_tokenizer is",
                "\"lstrip\":false | \"lstrip\":true | added_tokens.lstrip",
                "\"post_processor\":null | \"post_processor\":{\"type\":\"TemplateProcessing\"} | post_processor is",
                "\"decoder\":{\"type\":\"ByteLevel\" | \"decoder\":{\"type\":\"Metaspace\" | decoder is"
            })
    void anOptionThatWouldChangeIdsIsRefusedByName(String here, String instead, String message) {
        assertThat(tokenizer).contains(here);

        refused("", "", tokenizer.replaceFirst(Pattern.quote(here), Matcher.quoteReplacement(instead)))
                .hasMessageStartingWith("tokenizer.json: ")
                .hasMessageContaining(message);
    }

    @Test
    void mergesAsStringsAreReadLikeMergesAsPairs() {
        Vocabulary pairs = Tokenizer.of(new TokenizerFiles(ABSENT, ABSENT, bytes(tokenizer)))
                .vocabulary();
        byte[] strings = Tokenizer.of(pairs).files().tokenizerJson();

        Vocabulary read =
                Tokenizer.of(new TokenizerFiles(ABSENT, ABSENT, strings)).vocabulary();

        String first = pairs.merges().getFirst().left() + " "
                + pairs.merges().getFirst().right();
        assertThat(tokenizer).doesNotContain("\"" + first + "\"");
        assertThat(new String(strings, StandardCharsets.UTF_8)).contains("\"" + first + "\"");
        assertThat(read).isEqualTo(pairs);
    }

    @Test
    void windowsLineEndsAndAMissingVersionAreRead() {
        String windows = merges.substring(merges.indexOf('\n') + 1).replace("\n", "\r\n");

        Tokenizer read = Tokenizer.of(new TokenizerFiles(bytes(vocabulary), bytes(windows), ABSENT));

        assertThat(read.vocabulary().merges())
                .isEqualTo(Tokenizer.of(new TokenizerFiles(bytes(vocabulary), bytes(merges), ABSENT))
                        .vocabulary()
                        .merges());
    }

    @Test
    void aFolderWithoutFilesOrAFileInsteadOfAFolderIsRefusedNamingIt(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "x");

        assertThatThrownBy(() -> Tokenizer.load(folder)).hasMessageContaining(folder + "/ has neither");
        assertThatThrownBy(() -> Tokenizer.load(file)).hasMessageContaining(file + " is a file");
        assertThatThrownBy(() -> Tokenizer.load(folder.resolve("no"))).hasMessageContaining("does not exist");
        Files.createFile(folder.resolve("tokenizer.json"));
        assertThatThrownBy(() -> Tokenizer.load(folder)).hasMessageContaining("tokenizer.json is empty");
    }

    private static AbstractThrowableAssert<?, ? extends Throwable> refused(
            String vocabulary, String merges, String tokenizer) {
        TokenizerFiles files = new TokenizerFiles(bytes(vocabulary), bytes(merges), bytes(tokenizer));
        return assertThatThrownBy(() -> Tokenizer.of(files)).isInstanceOf(TokenizerException.class);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String read(String name) {
        try {
            return Files.readString(GOLDEN.resolve(name));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
