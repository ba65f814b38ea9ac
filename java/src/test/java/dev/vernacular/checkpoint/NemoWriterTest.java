package dev.vernacular.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vernacular.checkpoint.megatron.MegatronLayout;
import dev.vernacular.files.FilesException;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NemoWriterTest {
    @TempDir
    private Path folder;

    private Path rewritten(String name, String target) {
        Path out = folder.resolve(target);
        try (ModelFile model = ModelFile.open(Golden.path(name))) {
            NemoWriter.write(out, model.section(), model.tokenizer(), model.tensors(), false);
        }
        return out;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "legacy.nemo",
                "mcore.nemo",
                "gzip-old-config.nemo",
                "bf16-erf.nemo",
                "fp16-mcore.nemo",
                "untied.nemo",
                "layernorm1p.nemo",
                "tp2.nemo",
                "lightning/checkpoints/step=3-last.ckpt",
                "hf"
            })
    void whatIsWrittenReadsBackBitForBit(String name) {
        Path out = rewritten(name, "new/folder/out.nemo");

        assertThat(Golden.values(out)).usingRecursiveComparison().isEqualTo(Golden.values(Golden.path(name)));
        try (ModelFile before = ModelFile.open(Golden.path(name));
                ModelFile after = ModelFile.open(out)) {
            assertThat(after.config()).isEqualTo(before.config());
            assertThat(after.tensors().getFirst().dtype())
                    .isEqualTo(before.tensors().getFirst().dtype());
            assertThat(Tokenizer.of(after.tokenizer().orElseThrow()).files().vocabJson())
                    .isEqualTo(before.tokenizer().orElseThrow().vocabJson());
        }
    }

    @Test
    void theSameModelGivesTheSameBytes() throws IOException {
        Path first = rewritten("legacy.nemo", "first.nemo");
        Path second = rewritten("legacy.nemo", "second.nemo");

        assertThat(Files.mismatch(first, second)).isEqualTo(-1);
        assertThat(Files.mismatch(first, rewritten("mcore.nemo", "core.nemo"))).isNotEqualTo(-1);
    }

    @Test
    void writingWhatWasWrittenChangesNothing() throws IOException {
        Path first = rewritten("tp2.nemo", "first.nemo");

        Path second = folder.resolve("second.nemo");
        try (ModelFile model = ModelFile.open(first)) {
            NemoWriter.write(second, model.section(), model.tokenizer(), model.tensors(), false);
        }

        assertThat(Files.mismatch(first, second)).isEqualTo(-1);
    }

    @Test
    void megatronCoreNamesReadBackAlike() {
        Path out = folder.resolve("core.nemo");
        try (ModelFile model = ModelFile.open(Golden.path("untied.nemo"))) {
            NemoWriter.write(out, model.section(), model.tokenizer(), model.tensors(), false, MegatronLayout.CORE);
        }

        assertThat(Golden.values(out)).usingRecursiveComparison().isEqualTo(Golden.values(Golden.path("untied.nemo")));
    }

    @Test
    void mergedRanksKeepTheirRowsLegal() {
        try (ModelFile model = ModelFile.open(rewritten("tp2.nemo", "merged.nemo"))) {
            assertThat(model.section().integer("tensor_model_parallel_size")).isEqualTo(1);
            assertThat(model.section().vocabularyDivisor()).isEqualTo(8);
        }
    }

    @Test
    void unknownKeysOfTheConfigurationAreKept() {
        Path out = folder.resolve("out.nemo");
        try (ModelFile model = ModelFile.open(Golden.path("legacy.nemo"))) {
            NemoWriter.write(
                    out,
                    model.section().with("my.own.key", List.of(1L, 2e-5)),
                    model.tokenizer(),
                    model.tensors(),
                    false);
        }

        try (ModelFile model = ModelFile.open(out)) {
            assertThat(model.section().get("my.own.key")).contains(List.of(1L, 2e-5));
            assertThat(model.section().get("optim.sched.name")).contains("CosineAnnealing");
        }
    }

    @Test
    void aDtypeIsChangedByRoundingToNearest() {
        Path out = folder.resolve("half.nemo");
        try (ModelFile model = ModelFile.open(Golden.path("legacy.nemo"))) {
            List<StoredTensor> half = model.tensors().stream()
                    .map(tensor -> ConvertedTensor.of(tensor, Dtype.BF16))
                    .toList();
            NemoWriter.write(out, model.section(), model.tokenizer(), half, false);
        }

        Map<String, float[]> rounded = Golden.values(out);
        Golden.values(Golden.path("legacy.nemo")).forEach((name, values) -> {
            for (int i = 0; i < values.length; i++) {
                assertThat(Math.abs(rounded.get(name)[i] - values[i])).isLessThanOrEqualTo(Math.abs(values[i]) / 256);
            }
        });
    }

    @Test
    void aModelWithoutATokenizerDropsItsNames() {
        Path out = folder.resolve("bare.nemo");
        try (ModelFile model = ModelFile.open(Golden.path("legacy.nemo"))) {
            NemoWriter.write(out, model.section(), Optional.empty(), model.tensors(), false);
        }

        try (ModelFile model = ModelFile.open(out)) {
            assertThat(model.tokenizer()).isEmpty();
        }
    }

    @Test
    void anExistingFileIsKeptUnlessForced() throws IOException {
        Path out = Files.writeString(folder.resolve("out.nemo"), "precious");
        try (ModelFile model = ModelFile.open(Golden.path("legacy.nemo"))) {
            assertThatThrownBy(() -> NemoWriter.write(out, model.section(), model.tokenizer(), model.tensors(), false))
                    .isInstanceOf(FilesException.class);
            assertThat(out).hasContent("precious");

            NemoWriter.write(out, model.section(), model.tokenizer(), model.tensors(), true);
            assertThat(Golden.values(out)).containsKey("final_norm.bias");
        }
    }

    @Test
    void aMissingOrForeignTensorIsRefusedAndNothingIsWritten() {
        Path out = folder.resolve("out.nemo");
        try (ModelFile model = ModelFile.open(Golden.path("legacy.nemo"))) {
            List<StoredTensor> fewer =
                    model.tensors().subList(0, model.tensors().size() - 1);
            List<StoredTensor> twice = new ArrayList<>(model.tensors());
            twice.add(model.tensors().getLast());

            assertThatThrownBy(() -> NemoWriter.write(out, model.section(), Optional.empty(), fewer, false))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("final_norm.bias");
            assertThatThrownBy(() -> NemoWriter.write(out, model.section(), Optional.empty(), twice, false))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("twice");
        }
        assertThat(folder).isEmptyDirectory();
    }
}
