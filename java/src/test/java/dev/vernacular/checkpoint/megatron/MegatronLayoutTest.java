package dev.vernacular.checkpoint.megatron;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vernacular.checkpoint.CheckpointException;
import dev.vernacular.checkpoint.Golden;
import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.checkpoint.NemoWriter;
import dev.vernacular.checkpoint.StoredTensor;
import dev.vernacular.checkpoint.TrimmedModel;
import dev.vernacular.checkpoint.archive.Archive;
import dev.vernacular.files.Folders;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.model.ParameterLayout;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MegatronLayoutTest {
    @TempDir
    private Path folder;

    private Path write(Path source, String name, MegatronLayout layout) {
        Path target = folder.resolve(name);
        try (ModelFile model = ModelFile.open(source)) {
            NemoWriter.write(target, model.section(), model.tokenizer(), model.tensors(), false, layout);
        }
        return target;
    }

    @ParameterizedTest
    @CsvSource({
        "legacy.nemo, false, 2, 1",
        "legacy.nemo, true, 2, 2",
        "mcore.nemo, true, 1, 2",
        "bf16-erf.nemo, false, 2, 2",
        "fp16-mcore.nemo, true, 2, 1",
        "untied.nemo, false, 2, 2",
        "untied.nemo, true, 1, 2",
        "layernorm1p.nemo, false, 1, 2",
        "tp2-pp2.nemo, true, 2, 2",
        "hf, true, 2, 2"
    })
    void aModelSpreadOverAnyRanksReadsBackBitForBit(String source, boolean isCore, int ranks, int stages) {
        Path out = write(Golden.path(source), "out.nemo", new MegatronLayout(isCore, ranks, stages));

        assertThat(Golden.values(out)).usingRecursiveComparison().isEqualTo(Golden.values(Golden.path(source)));
    }

    @ParameterizedTest
    @CsvSource({"false, 2, 1", "true, 1, 2", "false, 2, 2"})
    void theWayThereAndBackGivesTheSameBytes(boolean isCore, int ranks, int stages) throws IOException {
        Path plain = write(Golden.path("legacy.nemo"), "plain.nemo", MegatronLayout.LEGACY);
        Path spread = write(plain, "spread.nemo", new MegatronLayout(isCore, ranks, stages));

        Path back = write(spread, "back.nemo", MegatronLayout.LEGACY);

        assertThat(Files.mismatch(plain, back)).isEqualTo(-1);
    }

    @Test
    void eachRankHasAFolderNamedAsNeMoNamesIt() {
        Path tensors = write(Golden.path("legacy.nemo"), "tensors.nemo", new MegatronLayout(false, 2, 1));
        Path both = write(Golden.path("legacy.nemo"), "both.nemo", new MegatronLayout(false, 2, 2));

        try (Archive one = Archive.open(tensors);
                Archive two = Archive.open(both)) {
            assertThat(one.names()).endsWith("mp_rank_00/model_weights.ckpt", "mp_rank_01/model_weights.ckpt");
            assertThat(two.names())
                    .contains("tp_rank_01_pp_rank_000/model_weights.ckpt", "tp_rank_00_pp_rank_001/model_weights.ckpt");
        }
    }

    @Test
    void theDivisorIsSuchThatNeMoComputesTheRowsThatThereAre() {
        Path spread = write(Golden.path("legacy.nemo"), "spread.nemo", new MegatronLayout(false, 2, 2));

        try (ModelFile model = ModelFile.open(spread)) {
            assertThat(model.section().integer("tensor_model_parallel_size")).isEqualTo(2);
            assertThat(model.section().integer("pipeline_model_parallel_size")).isEqualTo(2);
            assertThat(model.section().integer("make_vocab_size_divisible_by")).isEqualTo(2);
            assertThat(model.config().paddedVocabularySize()).isEqualTo(260);
        }
    }

    @ParameterizedTest
    @CsvSource({"3, 1, num_attention_heads is 2", "1, 3, num_layers is 2", "2, 1, rows of the token table is 259"})
    void aModelThatRanksCannotShareIsRefusedSayingWhat(int ranks, int stages, String what) {
        Path target = folder.resolve("out.nemo");
        MegatronLayout layout = new MegatronLayout(false, ranks, stages);
        try (ModelFile golden = ModelFile.open(Golden.path("legacy.nemo"))) {
            ModelFile model = TrimmedModel.of(golden);

            assertThatThrownBy(() -> NemoWriter.write(
                            target, model.section(), model.tokenizer(), model.tensors(), false, layout))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining(what);
        }
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void aStageThatIsMissingIsNamed() throws IOException {
        Path unpacked = unpacked(Golden.path("tp2-pp2.nemo"));
        assertThat(Golden.values(unpacked))
                .usingRecursiveComparison()
                .isEqualTo(Golden.values(Golden.path("tp2-pp2.nemo")));

        Folders.delete(unpacked.resolve("tp_rank_01_pp_rank_000"));

        assertThatThrownBy(() -> ModelFile.open(unpacked))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("tensor-parallel rank 1, pipeline rank 0");
    }

    private Path unpacked(Path nemo) throws IOException {
        Path target = folder.resolve("unpacked");
        try (Archive archive = Archive.open(nemo)) {
            for (String name : archive.names()) {
                Path file = target.resolve(name);
                Files.createDirectories(file.getParent());
                Files.write(file, archive.find(name).orElseThrow().segment().toArray(ValueLayout.JAVA_BYTE));
            }
        }
        return target;
    }

    @Test
    void aCopyOfTheTiedTableThatDiffersIsRefusedNamingTheRow() {
        Path out = folder.resolve("out.nemo");
        try (ModelFile model = ModelFile.open(Golden.path("legacy.nemo"))) {
            List<StoredTensor> tensors = model.tensors().stream()
                    .map(tensor ->
                            tensor.name().equals(ParameterLayout.WORD_EMBEDDINGS) ? new Changing(tensor) : tensor)
                    .toList();
            NemoWriter.write(out, model.section(), model.tokenizer(), tensors, false, new MegatronLayout(false, 1, 2));
        }

        assertThatThrownBy(() -> Golden.values(out))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("'model.word_embeddings.weight' differs")
                .hasMessageContaining("row 3");
    }

    /// Something else the second time it is read, when the copy is written.
    private static final class Changing implements StoredTensor {
        private final StoredTensor source;
        private int reads;

        Changing(StoredTensor source) {
            this.source = source;
        }

        @Override
        public String name() {
            return source.name();
        }

        @Override
        public Dtype dtype() {
            return source.dtype();
        }

        @Override
        public long[] shape() {
            return source.shape();
        }

        @Override
        public void read(MemorySegment into) {
            source.read(into);
            if (reads++ > 0) {
                into.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 3 * rowBytes() + 8, 123f);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"megatron-lm-0.pt", "megatron-lm-1.pt", "megatron-lm-3.pt"})
    void megatronLmsOwnCheckpointsReadInTheOrderOfTheirVersion(String name) {
        assertThat(Golden.values(Golden.path(name)))
                .usingRecursiveComparison()
                .isEqualTo(Golden.values(Golden.path("legacy.nemo")));
    }
}
