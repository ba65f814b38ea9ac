package dev.vernacular.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vernacular.train.TrainingRun;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class BaseModelTest {
    @Test
    void aTrainingThatASignalStoppedIsSaidToBe() {
        TrainingRun.Result stopped =
                new TrainingRun.Result(Path.of("run"), 17, 3, Double.NaN, 68, Optional.empty(), Optional.empty(), true);

        assertThatThrownBy(() -> BaseModel.finished(stopped))
                .isInstanceOf(DemoException.class)
                .hasMessageContaining("after step 17");
    }

    @Test
    void aFinishedTrainingGivesItsModel() {
        Path model = Path.of("base.nemo");
        TrainingRun.Result done =
                new TrainingRun.Result(Path.of("run"), 20, 3, 3, 80, Optional.empty(), Optional.of(model), false);

        assertThat(BaseModel.finished(done)).isEqualTo(model);
    }
}
