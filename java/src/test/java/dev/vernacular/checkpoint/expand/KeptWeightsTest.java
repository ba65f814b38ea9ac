package dev.vernacular.checkpoint.expand;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vernacular.checkpoint.CheckpointException;
import dev.vernacular.checkpoint.Golden;
import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeptWeightsTest {
    @TempDir
    private Path folder;

    private static ExpansionPlan plan(ModelFile base) {
        Tokenizer same = Tokenizer.of(base.tokenizer().orElseThrow());
        return ExpansionPlan.of(base, same, RowInit.MEAN, OptionalInt.of(100));
    }

    @Test
    void whatExpansionWritesHoldsAllThatWasThere() {
        Path out = folder.resolve("out.nemo");
        try (ModelFile base = ModelFile.open(Golden.path("untied.nemo"))) {
            Expansion.write(base, plan(base), out, false);
            try (ModelFile written = ModelFile.open(out)) {
                assertThatCode(new KeptWeights(base, plan(base), written)::require)
                        .doesNotThrowAnyException();
            }
        }
    }

    @Test
    void anotherModelsRowsAreFoundOut() {
        try (ModelFile base = ModelFile.open(Golden.path("legacy.nemo"));
                ModelFile other = ModelFile.open(Golden.path("gzip-old-config.nemo"))) {
            assertThatThrownBy(new KeptWeights(base, plan(base), other)::require)
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("legacy.nemo")
                    .hasMessageContaining("word_embeddings.weight differs, first in row 0");
        }
    }
}
