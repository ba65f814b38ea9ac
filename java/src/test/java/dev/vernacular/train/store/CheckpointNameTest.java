package dev.vernacular.train.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CheckpointNameTest {
    private static final String TEMPLATE = "megatron_gpt--{val_loss:.2f}-{step}-{consumed_samples}";

    @Test
    void theTemplateIsFilledInAsLightningDoesIt() {
        assertThat(CheckpointName.format(TEMPLATE, Map.of("val_loss", 2.306, "step", 300.0, "consumed_samples", 300.0)))
                .isEqualTo("megatron_gpt--val_loss=2.31-step=300-consumed_samples=300.0");
    }

    @Test
    void aLargeNumberOfSamplesIsSpelledOut() {
        assertThat(CheckpointName.format("{consumed_samples}", Map.of("consumed_samples", 123456789.0)))
                .isEqualTo("consumed_samples=123456789.0");
    }

    @Test
    void aMissingValueIsZeroAsInLightning() {
        assertThat(CheckpointName.format(TEMPLATE, Map.of("step", 7.0)))
                .isEqualTo("megatron_gpt--val_loss=0.00-step=7-consumed_samples=0.0");
    }

    @Test
    void aNameTellsItsStepLossAndSamples() {
        Path file = Path.of("x", "megatron_gpt--val_loss=2.31-step=300-consumed_samples=1200.0-last-v1.ckpt");

        assertThat(CheckpointName.step(file)).isEqualTo(300);
        assertThat(CheckpointName.validationLoss(file)).contains(2.31);
        assertThat(CheckpointName.consumedSamples(file)).contains(1200L);
        assertThat(CheckpointName.isLast(file)).isTrue();
    }

    @Test
    void aForeignNameTellsNothing() {
        Path file = Path.of("model.ckpt");

        assertThat(CheckpointName.step(file)).isEqualTo(-1);
        assertThat(CheckpointName.consumedSamples(file)).isEmpty();
        assertThat(CheckpointName.isLast(file)).isFalse();
    }
}
