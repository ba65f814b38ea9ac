package dev.vernacular.checkpoint.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vernacular.VernacularException;
import dev.vernacular.checkpoint.Golden;
import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.checkpoint.ModelFormat;
import dev.vernacular.checkpoint.StoredTensor;
import dev.vernacular.checkpoint.TrimmedModel;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.model.GptConfig;
import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.tokenizer.Vocabulary;
import dev.vernacular.tokenizer.Vocabulary.AddedToken;
import dev.vernacular.tokenizer.pieces.PreTokenizer;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GgufModelTest {
    /// Numbers are below 1: the step is 1 / 127, and float16 rounds it by 2^-11 of itself.
    private static final float HALF_A_STEP_AND_THE_SCALES_ROUNDING = 0.5f / 127 + 1f / 2048;

    @TempDir
    private Path folder;

    private Path exported(ModelFile model, Tokenizer tokenizer) {
        Path out = folder.resolve("out.gguf");
        GgufWriter.write(out, model.config(), tokenizer, model.tensors(), true);
        return out;
    }

    private Path exported(ModelFile model) {
        return exported(model, Tokenizer.of(model.tokenizer().orElseThrow()));
    }

    @Test
    void aFileOfTheGgufPackageHoldsTheSameModel() {
        try (ModelFile theirs = ModelFile.open(Golden.path("legacy.gguf"));
                ModelFile model = ModelFile.open(Golden.path("legacy.nemo"))) {
            assertThat(theirs.format()).isEqualTo(ModelFormat.GGUF);
            assertThat(theirs.config())
                    .usingRecursiveComparison()
                    .ignoringFields("hiddenDropout", "attentionDropout")
                    .isEqualTo(model.config());
            assertThat(theirs.section().vocabularyDivisor())
                    .isEqualTo(model.section().vocabularyDivisor());
            assertThat(vocabulary(theirs)).isEqualTo(vocabulary(model));
        }
        assertThat(Golden.values(Golden.path("legacy.gguf")))
                .usingRecursiveComparison()
                .isEqualTo(Golden.values(Golden.path("legacy.nemo")));
    }

    private static Vocabulary vocabulary(ModelFile model) {
        return Tokenizer.of(model.tokenizer().orElseThrow()).vocabulary();
    }

    @ParameterizedTest
    @ValueSource(strings = {"legacy.nemo", "untied.nemo", "fp16-mcore.nemo"})
    void exportAndImportGiveTheSameBits(String name) {
        try (ModelFile model = ModelFile.open(Golden.path(name));
                ModelFile again = ModelFile.open(exported(model))) {
            assertThat(again.config().isTied()).isEqualTo(model.config().isTied());
            assertSameBits(again.tensors(), model.tensors());
        }
    }

    private static void assertSameBits(List<StoredTensor> again, List<StoredTensor> tensors) {
        assertThat(again).hasSameSizeAs(tensors);
        try (Arena arena = Arena.ofConfined()) {
            for (int i = 0; i < tensors.size(); i++) {
                assertThat(again.get(i).dtype()).isEqualTo(tensors.get(i).dtype());
                MemorySegment bytes = arena.allocate(tensors.get(i).byteSize());
                MemorySegment bytesAgain = arena.allocate(bytes.byteSize());
                tensors.get(i).read(bytes);
                again.get(i).read(bytesAgain);
                assertThat(bytesAgain.mismatch(bytes)).as(tensors.get(i).name()).isEqualTo(-1);
            }
        }
    }

    @Test
    void vectorsAreNotRoundedToTheMatricesType() {
        try (ModelFile model = ModelFile.open(Golden.path("legacy.nemo"))) {
            Path out = folder.resolve("half.gguf");
            GgufWriter.write(
                    out,
                    model.config(),
                    Tokenizer.of(model.tokenizer().orElseThrow()),
                    model.tensors(),
                    false,
                    Optional.of(GgufType.F16));

            try (ModelFile again = ModelFile.open(out)) {
                assertThat(again.tensors().getFirst().dtype()).isEqualTo(Dtype.F16);
                assertThat(again.tensors().getLast().dtype()).isEqualTo(Dtype.F32);
                assertThat(Golden.values(again.tensors().getLast()))
                        .isEqualTo(Golden.values(model.tensors().getLast()));
            }
        }
    }

    @Test
    void theNormsScaleOfLayernorm1pIsWhole() {
        try (ModelFile model = ModelFile.open(Golden.path("layernorm1p.nemo"))) {
            exported(model);
        }

        float[] stored = Golden.values(Golden.path("layernorm1p.nemo")).get("final_norm.weight");
        float[] scale = Golden.values(folder.resolve("out.gguf")).get("final_norm.weight");
        assertThat(scale[0]).isEqualTo(stored[0] + 1);
    }

    @Test
    void trimmedOrNotTheTokenizerComesWithout() {
        try (ModelFile model = ModelFile.open(Golden.path("legacy.nemo"));
                ModelFile padded = ModelFile.open(exported(model))) {
            assertThat(padded.config().paddedVocabularySize()).isEqualTo(260);
            assertThat(vocabulary(padded)).isEqualTo(vocabulary(model));
            try (ModelFile trimmed = ModelFile.open(exported(TrimmedModel.of(model)))) {
                assertThat(trimmed.config().paddedVocabularySize()).isEqualTo(259);
                assertThat(vocabulary(trimmed)).isEqualTo(vocabulary(model));
            }
        }
    }

    @Test
    void addedTokensAndTheWayTextIsCutComeBack() {
        try (ModelFile model = ModelFile.open(Golden.path("legacy.nemo"))) {
            Vocabulary plain = vocabulary(model);
            List<String> tokens = new ArrayList<>(plain.tokens());
            tokens.add("<sep>");
            List<AddedToken> added = new ArrayList<>(plain.added());
            added.add(new AddedToken(259, "<sep>", false));
            Vocabulary given = new Vocabulary(tokens, plain.merges(), added, PreTokenizer.MARKS);

            try (ModelFile again = ModelFile.open(exported(model, Tokenizer.of(given)))) {
                assertThat(vocabulary(again)).isEqualTo(given);
            }
        }
    }

    @Test
    void eightBitMatricesAreReadAsFloat32() {
        GptConfig config = GptConfig.gpt2(1, 32, 2, 5, 260);
        List<StoredTensor> tensors = RandomModel.tensors(config);
        Path out = folder.resolve("q8.gguf");
        try (ModelFile model = ModelFile.open(Golden.path("legacy.nemo"))) {
            GgufWriter.write(
                    out,
                    config,
                    Tokenizer.of(model.tokenizer().orElseThrow()),
                    tensors,
                    false,
                    Optional.of(GgufType.Q8_0));
        }

        try (ModelFile again = ModelFile.open(out)) {
            assertThat(again.config().isTied()).isTrue();
            for (int i = 0; i < tensors.size(); i++) {
                assertThat(again.tensors().get(i).dtype()).isEqualTo(Dtype.F32);
                assertThat(largestDifference(again.tensors().get(i), tensors.get(i)))
                        .isLessThan(HALF_A_STEP_AND_THE_SCALES_ROUNDING);
            }
            assertThat(largestDifference(again.tensors().get(1), tensors.get(1)))
                    .as("positions are not quantised")
                    .isZero();
        }
    }

    private static float largestDifference(StoredTensor one, StoredTensor other) {
        float[] a = Golden.values(one);
        float[] b = Golden.values(other);
        float largest = 0;
        for (int i = 0; i < a.length; i++) {
            largest = Math.max(largest, Math.abs(a[i] - b[i]));
        }
        return largest;
    }

    @Test
    void aFileCutAtAnyPlaceIsRefusedByName() throws IOException {
        byte[] whole = Files.readAllBytes(Golden.path("legacy.gguf"));
        Path cut = folder.resolve("cut.gguf");
        for (int length = 4; length < whole.length - 32; length += 997) {
            Files.write(cut, Arrays.copyOf(whole, length));

            assertThatThrownBy(() -> ModelFile.open(cut).close())
                    .as("cut at %d", length)
                    .isInstanceOf(VernacularException.class)
                    .hasMessageContaining("cut.gguf");
        }
    }

    @Test
    void aByteThatIsWrongIsAnErrorOrAnotherModel() throws IOException {
        byte[] whole = Files.readAllBytes(Golden.path("legacy.gguf"));
        Path damaged = folder.resolve("damaged.gguf");
        for (int at = 0; at < whole.length; at += at < 700 ? 7 : 1499) {
            byte[] copy = whole.clone();
            copy[at] ^= (byte) 0x81;
            Files.write(damaged, copy);
            try (ModelFile model = ModelFile.open(damaged)) {
                assertThat(model.tensors()).isNotEmpty();
            } catch (VernacularException e) {
                assertThat(e).hasMessageContaining("damaged.gguf");
            }
        }
    }
}
