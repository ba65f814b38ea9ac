package dev.vernacular.data.text;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vernacular.VernacularException;
import dev.vernacular.data.DataException;
import dev.vernacular.data.IndexedDataset;
import dev.vernacular.data.TokenType;
import dev.vernacular.files.FilesException;
import dev.vernacular.tokenizer.Tokenizer;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PreprocessTest {
    private static final int EOD = 256;
    private static final int VOCABULARY = 257;
    /// A token is a byte.
    private static final TextEncoder BYTES = text -> {
        byte[] utf8 = text.getBytes(UTF_8);
        return IntStream.range(0, utf8.length).map(i -> utf8[i] & 0xFF).toArray();
    };

    @TempDir
    Path folder;

    private List<String> keys = List.of("text");
    private boolean isPlainText;
    private int workers = 2;
    private long maxBadLines;
    private boolean removesCopies;
    private boolean force;

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void theBytesAreThoseOfPythonWhateverTheWorkers(int count) {
        Tokenizer tokenizer = Tokenizer.load(golden("tokenizer/gpt2"));
        workers = count;

        Preprocess.run(
                options(Optional.of(tokenizer.endOfText()), golden("data/corpus.jsonl")),
                tokenizer::encode,
                tokenizer.size(),
                counts -> {});

        assertSameFiles(folder.resolve("out/p_text_document"), golden("data/corpus_text_document.bin"));
    }

    @Test
    void manyBatchesGiveTheSameBytesWithOneAndThreeWorkers() throws IOException {
        String lines = IntStream.range(0, 20_000)
                .mapToObj(i -> "{\"text\":\"" + "ab".repeat(i % 71) + i + "\"}\n")
                .collect(Collectors.joining());
        Path file = write("a.jsonl", lines);
        workers = 1;
        run(file);
        Path one = Files.move(folder.resolve("out"), folder.resolve("one"));
        workers = 3;

        run(file);

        assertSameFiles(folder.resolve("out/p_text_document"), one.resolve("p_text_document.bin"));
    }

    @Test
    void filesFollowEachOtherAndEmptyDocumentsLeaveNoTrace() throws IOException {
        PreprocessCounts counts =
                run(write("b.jsonl", "{\"text\":\"x\"}\n\n{\"text\":\"\"}\n"), write("a.jsonl", "{\"text\":\"yz\"}"));

        assertThat(counts.documents()).isEqualTo(3);
        assertThat(counts.empty()).isEqualTo(1);
        assertThat(counts.blankLines()).isEqualTo(1);
        assertThat(counts.tokens()).isEqualTo(5);
        assertThat(counts.bytesRead()).isEqualTo(counts.bytesTotal()).isEqualTo(39);
        try (IndexedDataset dataset = IndexedDataset.open(folder.resolve("out/p_text_document"))) {
            assertThat(dataset.type()).isEqualTo(TokenType.UINT16);
            assertThat(dataset.documents()).isEqualTo(2);
            assertThat(dataset.read(0)).containsExactly('x', EOD);
            assertThat(dataset.read(1)).containsExactly('y', 'z', EOD);
        }
    }

    @Test
    void aCorpusWithoutDocumentsIsRefusedAndWritesNothing() throws IOException {
        Path blank = write("a.jsonl", "\n\n");
        Path empty = write("b.jsonl", "{\"text\":\"\"}\n");

        assertThatThrownBy(() -> run(blank, empty))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("there are no documents in")
                .hasMessageContaining("a.jsonl")
                .hasMessageContaining("b.jsonl");

        assertThat(folder.resolve("out/p_text_document.bin")).doesNotExist();
        assertThat(folder.resolve("out/p_text_document.idx")).doesNotExist();
    }

    @Test
    void eachKeyGivesADatasetOfItsOwn() throws IOException {
        keys = List.of("text", "title");

        run(write("a.jsonl", "{\"text\":\"x\",\"title\":\"tt\"}\n{\"title\":\"u\",\"text\":\"\"}"));

        try (IndexedDataset texts = IndexedDataset.open(folder.resolve("out/p_text_document"));
                IndexedDataset titles = IndexedDataset.open(folder.resolve("out/p_title_document"))) {
            assertThat(texts.sequences()).isEqualTo(1);
            assertThat(titles.sequences()).isEqualTo(2);
            assertThat(titles.read(0)).containsExactly('t', 't', EOD);
        }
    }

    @Test
    void linesOfPlainTextAreStripped() throws IOException {
        isPlainText = true;

        run(write("a.jsonl", " x \n\ny\n"));

        try (IndexedDataset dataset = IndexedDataset.open(folder.resolve("out/p_text_document"))) {
            assertThat(dataset.sequences()).isEqualTo(2);
            assertThat(dataset.read(0)).containsExactly('x', EOD);
        }
    }

    @Test
    void copiesAreLeftOutOnRequest() throws IOException {
        Path file = write("a.jsonl", "{\"text\":\"x\"}\n{\"text\":\"y\"}\n{\"text\":\"x\",\"id\":2}\n");
        assertThat(run(file).documents()).isEqualTo(3);
        force = true;
        removesCopies = true;

        PreprocessCounts counts = run(file);

        assertThat(counts.documents()).isEqualTo(2);
        assertThat(counts.copies()).isEqualTo(1);
    }

    @Test
    void aBadLineIsAnErrorThatNamesItAndLeavesNothing() throws IOException {
        Path file = write("a.jsonl", "{\"text\":\"x\"}\nnonsense\n{\"text\":\"y\"}\n");

        assertThatThrownBy(() -> run(file))
                .isInstanceOf(DataException.class)
                .hasMessageContaining(file + ":2: not valid JSON")
                .hasMessageContaining("--max-bad-lines N");
        assertNothingIsLeft();
    }

    @Test
    void asManyBadLinesAsAllowedAreSkippedAndCounted() throws IOException {
        Path file = write("a.jsonl", "{\"text\":\"x\"}\n{}\n[1]\n{\"text\":\"y\"}\n");
        maxBadLines = 2;

        PreprocessCounts counts = run(file);

        assertThat(counts.documents()).isEqualTo(2);
        assertThat(counts.badLines()).isEqualTo(2);
        assertThat(counts.firstBad()).hasSize(2).first().asString().startsWith(file + ":2: ");

        maxBadLines = 1;
        force = true;
        assertThatThrownBy(() -> run(file)).hasMessageContaining("more than --max-bad-lines 1");
    }

    @Test
    void anInterruptedRunLeavesNothing() throws IOException {
        Path file = write("a.jsonl", "{\"text\":\"x\"}\n");
        Thread writer = Thread.currentThread();
        TextEncoder interrupting = text -> {
            writer.interrupt();
            return BYTES.encode(text);
        };

        assertThatThrownBy(() -> Preprocess.run(options(Optional.empty(), file), interrupting, VOCABULARY, c -> {}))
                .isInstanceOf(VernacularException.class);
        Thread.interrupted();

        assertNothingIsLeft();
    }

    @Test
    void aTokenizerThatFailsInAWorkerFailsTheRunAndLeavesNothing() throws IOException {
        Path file = write("a.jsonl", "{\"text\":\"x\"}\n");
        TextEncoder broken = text -> {
            throw new DataException("broken");
        };

        assertThatThrownBy(() -> Preprocess.run(options(Optional.empty(), file), broken, VOCABULARY, counts -> {}))
                .hasMessage("broken");
        assertNothingIsLeft();
    }

    @Test
    void anIdBeyondTheTypeOfTheVocabularyIsRefused() throws IOException {
        Path file = write("a.jsonl", "{\"text\":\"x\"}\n");

        assertThatThrownBy(() -> Preprocess.run(
                        options(Optional.empty(), file), text -> new int[] {70_000}, VOCABULARY, counts -> {}))
                .hasMessageContaining("70000")
                .hasMessageContaining("uint16");
        assertNothingIsLeft();
    }

    @Test
    void anOlderDatasetIsReplacedOnlyByForce() throws IOException {
        Path file = write("a.jsonl", "{\"text\":\"x\"}\n");
        run(file);

        assertThatThrownBy(() -> run(file)).isInstanceOf(FilesException.class).hasMessageContaining("--force");
        force = true;
        assertThat(run(file).documents()).isEqualTo(1);
    }

    @Test
    void invalidUtf8IsCounted() throws IOException {
        byte[] line = "{\"text\":\"a?b\"}\n".getBytes(UTF_8);
        line[10] = (byte) 0xE0;
        Path file = Files.write(folder.resolve("a.jsonl"), line);

        assertThat(run(file).malformed()).isEqualTo(1);
    }

    @Test
    void optionsThatMakeNoSenseAreRefused() {
        Path file = folder.resolve("a.jsonl");
        workers = 0;
        assertThatThrownBy(() -> options(Optional.empty(), file)).hasMessageContaining("--workers is 0");
        workers = 1;
        keys = List.of("text", "text");
        assertThatThrownBy(() -> options(Optional.empty(), file)).hasMessageContaining("different --json-keys");
    }

    private PreprocessCounts run(Path... files) {
        return Preprocess.run(options(Optional.of(EOD), files), BYTES, VOCABULARY, counts -> {});
    }

    private PreprocessOptions options(Optional<Integer> eod, Path... files) {
        return new PreprocessOptions(
                List.of(files),
                keys,
                isPlainText,
                eod,
                folder.resolve("out/p"),
                workers,
                maxBadLines,
                removesCopies,
                force);
    }

    private Path write(String name, String content) throws IOException {
        return Files.writeString(folder.resolve(name), content);
    }

    private void assertNothingIsLeft() throws IOException {
        Path out = folder.resolve("out");
        if (Files.exists(out)) {
            assertThat(out).isEmptyDirectory();
        }
    }

    private static void assertSameFiles(Path prefix, Path goldenData) {
        String index = goldenData.toString().replaceFirst("bin$", "idx");
        assertThat(Path.of(prefix + ".bin")).hasSameBinaryContentAs(goldenData);
        assertThat(Path.of(prefix + ".idx")).hasSameBinaryContentAs(Path.of(index));
    }

    private static Path golden(String name) {
        try {
            return Path.of(Objects.requireNonNull(PreprocessTest.class.getResource("/golden/" + name))
                    .toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }
}
