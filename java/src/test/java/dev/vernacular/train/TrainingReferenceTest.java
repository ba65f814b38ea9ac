package dev.vernacular.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.checkpoint.StoredTensor;
import dev.vernacular.train.TrainFixture.Recorder;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Twenty AdamW steps against PyTorch, on a shuffled dataset, with accumulation and clipping.
class TrainingReferenceTest {
    /// Relative; two float32 implementations that sum in different orders, over twenty steps.
    private static final double LOSS = 1e-4;
    private static final double NORM = 1e-3;

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"tied", "untied"})
    void twentyStepsHaveTheOraclesLossesAndNorms(String model) throws IOException {
        JsonNode expected =
                new ObjectMapper().readTree(TrainFixture.golden(model + ".json").toFile());
        Recorder recorder = new Recorder();

        TrainingRun.Result result = TrainFixture.run(
                TrainFixture.config(
                        folder,
                        "restore_from_path=" + TrainFixture.golden(model + ".nemo"),
                        "model.hidden_dropout=0",
                        "model.attention_dropout=0",
                        "exp_manager.checkpoint_callback_params.save_nemo_on_train_end=True"),
                recorder);

        assertThat(recorder.steps).hasSize(20);
        for (int step = 0; step < 20; step++) {
            JsonNode wanted = expected.get("steps").get(step);
            StepListener.Step got = recorder.steps.get(step);
            assertThat(got.learningRate())
                    .as("lr of step %d", step)
                    .isEqualTo(wanted.get("lr").asDouble(), within(1e-12));
            assertThat(got.loss() / wanted.get("loss").asDouble())
                    .as("loss of step %d", step)
                    .isEqualTo(1, within(LOSS));
            assertThat(got.gradientNorm() / wanted.get("grad_norm").asDouble())
                    .as("norm of step %d", step)
                    .isEqualTo(1, within(NORM));
        }
        assertThat(norm(result.nemo().orElseThrow()) / expected.get("final_l2").asDouble())
                .isEqualTo(1, within(LOSS));
    }

    private static double norm(Path model) {
        double squares = 0;
        try (ModelFile file = ModelFile.open(model);
                Arena arena = Arena.ofConfined()) {
            for (StoredTensor tensor : file.tensors()) {
                MemorySegment values = arena.allocate(tensor.byteSize(), 64);
                tensor.read(values);
                for (long i = 0; i < tensor.elements(); i++) {
                    squares += Math.pow(values.getAtIndex(ValueLayout.JAVA_FLOAT, i), 2);
                }
            }
        }
        return Math.sqrt(squares);
    }
}
