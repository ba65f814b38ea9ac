package dev.vernacular.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;

class CosineAnnealingTest {
    private static final double DOUBLE_ROUNDING = 1e-18;

    @ParameterizedTest
    @CsvFileSource(resources = "/golden/train/cosine.csv", numLinesToSkip = 1)
    void everyUpdateHasTheOraclesLearningRate(
            long updates, double peak, double floor, long warmup, long constant, long maxSteps, double expected) {
        assertThat(new CosineAnnealing(peak, floor, warmup, constant, maxSteps).at(updates))
                .isEqualTo(expected, within(DOUBLE_ROUNDING));
    }
}
