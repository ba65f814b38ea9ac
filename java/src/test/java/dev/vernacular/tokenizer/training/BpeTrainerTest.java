package dev.vernacular.tokenizer.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vernacular.files.DocumentReader;
import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.tokenizer.TokenizerException;
import dev.vernacular.tokenizer.TokenizerFiles;
import dev.vernacular.tokenizer.pieces.PreTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Vocabularies against those of Hugging Face's `BpeTrainer` (`dev/oracle/tokenizer_training.py`). The property
/// `tokenizer.training` names another folder of that script's.
class BpeTrainerTest {
    private static final Path FOLDER =
            Path.of(System.getProperty("tokenizer.training", "src/test/resources/golden/tokenizer/training"));

    static Stream<Path> trained() throws IOException {
        return Files.list(FOLDER).filter(Files::isDirectory).sorted();
    }

    @ParameterizedTest
    @MethodSource("trained")
    void vocabularyAndMergesAreThoseOfHuggingFace(Path expected) throws IOException {
        String[] name = expected.getFileName().toString().split("-");
        TrainingSettings settings = new TrainingSettings(
                Integer.parseInt(name[2]), PreTokenizer.named(name[1]).orElseThrow(), Optional.empty(), 2, List.of());
        PieceCounts pieces = new PieceCounts(settings.preTokenizer(), settings.words());
        DocumentReader.forEachText(List.of(FOLDER.resolve(name[0] + ".txt")), "text", pieces::add);

        TokenizerFiles files = BpeTrainer.train(settings, pieces).files();

        assertThat(new String(files.mergesTxt())).isEqualTo(Files.readString(expected.resolve("merges.txt")));
        assertThat(new String(files.vocabJson())).isEqualTo(Files.readString(expected.resolve("vocab.json")));
    }

    @Test
    void specialsTakeTheLastIdsAndCountInTheSize() {
        TrainingSettings settings =
                new TrainingSettings(260, PreTokenizer.GPT2, Optional.empty(), 1, List.of("<|endoftext|>", "<|user|>"));

        Tokenizer tokenizer = BpeTrainer.train(settings, Stream.of("abcabcabcabd", "abcd"));

        assertThat(tokenizer.size()).isEqualTo(260);
        assertThat(tokenizer.endOfText()).isEqualTo(258);
        assertThat(tokenizer.encode("<|user|>")).containsExactly(259);
        assertThat(tokenizer.vocabulary().merges()).hasSize(2);
    }

    @Test
    void aPairSeenLessOftenThanTheMinimumIsNotMerged() {
        TrainingSettings twice = TrainingSettings.of(300);

        assertThat(BpeTrainer.train(twice, Stream.of("ab cd ab")).vocabulary().merges())
                .extracting(m -> m.product())
                .containsExactly("ab");
    }

    @Test
    void mergesStayWithinWordsOfTheLanguage() {
        String thai = "เมืองหลวงของประเทศญี่ปุ่นคือ";
        TrainingSettings within =
                new TrainingSettings(400, PreTokenizer.MARKS, Optional.of(Locale.of("th")), 1, List.of());

        Tokenizer tokenizer = BpeTrainer.train(within, Stream.of(thai, " " + thai));

        assertThat(Arrays.stream(tokenizer.encode(thai)).mapToObj(id -> tokenizer.decode(new int[] {id})))
                .containsExactly("เมืองหลวง", "ของ", "ประเทศ", "ญี่ปุ่น", "คือ");
    }

    @Test
    void aLeadingSpaceStaysWithItsWord() {
        TrainingSettings within =
                new TrainingSettings(400, PreTokenizer.GPT2, Optional.of(Locale.ENGLISH), 1, List.of());

        assertThat(BpeTrainer.train(within, Stream.of("one two")).encode("one two"))
                .hasSize(2);
    }

    @Test
    void trainingOnNothingIsRefused() {
        assertThatThrownBy(() -> BpeTrainer.train(TrainingSettings.of(300), Stream.of("", "")))
                .isInstanceOf(TokenizerException.class)
                .hasMessage("there is no text to train a tokenizer on");
    }

    @Test
    void aVocabularySmallerThanTheBytesIsRefusedWithTheSmallestSize() {
        assertThatThrownBy(() -> TrainingSettings.of(256))
                .isInstanceOf(TokenizerException.class)
                .hasMessageContaining("256 bytes and 1 special tokens alone are 257");
    }

    @Test
    void aMegabyteOfOneCharacterIsLearned() {
        Tokenizer tokenizer = BpeTrainer.train(TrainingSettings.of(280), Stream.of("a".repeat(1 << 20)));

        assertThat(tokenizer.encode("a".repeat(1 << 20))).hasSize(2); // a last merge would be seen once
    }
}
