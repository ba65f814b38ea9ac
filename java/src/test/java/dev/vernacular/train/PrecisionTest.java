package dev.vernacular.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.vernacular.data.IndexedDatasetWriter;
import dev.vernacular.data.TokenType;
import dev.vernacular.train.TrainFixture.Recorder;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// On a corpus that can be learned, low precision ends where float32 does.
@Tag("slow")
class PrecisionTest {
    /// Of the loss at the end, relative; 2e-4 was measured.
    private static final double CLOSE = 0.01;

    @TempDir
    private static Path folder;

    private static double reference;

    @BeforeAll
    static void trainInFloat32() {
        IndexedDatasetWriter.write(corpus(), TokenType.forVocabulary(261), false, writer -> {
            for (int document = 0; document < 40; document++) {
                int start = document;
                writer.add(IntStream.range(0, 30).map(i -> (start + 7 * i) % 53).toArray());
                writer.endDocument();
            }
        });
        reference = lastLosses("reference", "32");
    }

    @ParameterizedTest(name = "{0}, {1}")
    @CsvSource({
        "reference, bf16",
        "reference, 16",
        "cpu, 32",
        "cpu, bf16",
        "cpu, 16",
        "cuda-emulated, bf16",
        "cuda-emulated, 16"
    })
    void lowPrecisionEndsCloseToFloat32(String backend, String precision) {
        assertThat(reference).isLessThan(3.0);
        assertThat(lastLosses(backend, precision) / reference).isEqualTo(1, within(CLOSE));
    }

    /// The mean loss of the last ten steps.
    private static double lastLosses(String backend, String precision) {
        Recorder recorder = new Recorder();
        TrainFixture.run(
                backend,
                TrainFixture.config(
                        folder.resolve(backend + precision),
                        "trainer.precision=" + precision,
                        "trainer.max_steps=100",
                        "trainer.limit_val_batches=0",
                        "model.data.data_prefix={train:[" + corpus() + "],validation:[],test:[]}",
                        "model.native_amp_init_scale=65536",
                        "model.optim.lr=1e-2",
                        "model.hidden_dropout=0",
                        "model.attention_dropout=0"),
                recorder);
        return recorder.losses().subList(90, 100).stream()
                .mapToDouble(loss -> loss)
                .average()
                .orElseThrow();
    }

    private static Path corpus() {
        return folder.resolve("corpus");
    }
}
