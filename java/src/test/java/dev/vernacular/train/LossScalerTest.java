package dev.vernacular.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vernacular.config.RunConfig.Scaling;
import org.junit.jupiter.api.Test;

class LossScalerTest {
    private static final LossScaler FRESH = LossScaler.starting(new Scaling(0x1p32, 3, 2));

    @Test
    void theFirstOverflowKeepsTheScaleAndTheFollowingHalveIt() {
        LossScaler first = FRESH.after(true);
        LossScaler second = first.after(true);
        LossScaler third = second.after(true);

        assertThat(first.scale()).isEqualTo(0x1p32f);
        assertThat(second.scale()).isEqualTo(0x1p31f);
        assertThat(third.scale()).isEqualTo(0x1p30f);
    }

    @Test
    void aGoodStepRenewsThePatience() {
        LossScaler scaler = FRESH.after(true).after(false).after(true);

        assertThat(scaler.scale()).isEqualTo(0x1p32f);
    }

    @Test
    void goodStepsInARowDoubleTheScaleAndAnOverflowStartsTheCountAnew() {
        assertThat(FRESH.after(false).after(false).after(false).scale()).isEqualTo(0x1p33f);
        assertThat(FRESH.after(false)
                        .after(false)
                        .after(true)
                        .after(false)
                        .after(false)
                        .scale())
                .isEqualTo(0x1p32f);
    }

    @Test
    void theCountStartsAnewAfterGrowth() {
        LossScaler grown = FRESH.after(false).after(false).after(false);

        assertThat(grown.goodSteps()).isZero();
        assertThat(grown.after(false).after(false).scale()).isEqualTo(0x1p33f);
    }

    @Test
    void theScaleStaysAFiniteNumberAboveZero() {
        LossScaler scaler = FRESH;
        for (int step = 0; step < 1000; step++) {
            scaler = scaler.after(true);
        }
        assertThat(scaler.scale()).isPositive();
        for (int step = 0; step < 3000; step++) {
            scaler = scaler.after(false);
        }
        assertThat(scaler.scale()).isFinite();
    }

    @Test
    void withoutScalingNothingChanges() {
        assertThat(LossScaler.none().after(true).after(false)).isEqualTo(LossScaler.none());
        assertThat(LossScaler.none().scale()).isEqualTo(1f);
    }
}
