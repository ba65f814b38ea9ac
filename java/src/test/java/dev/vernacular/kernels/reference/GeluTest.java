package dev.vernacular.kernels.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GeluTest {
    /// Values of Python's math.erf.
    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "0.5, 0.5204998778130465",
        "1, 0.8427007929497149",
        "-2, -0.9953222650189527",
        "2.999, 0.9999777698314002",
        "3, 0.9999779095030014",
        "5, 0.9999999999984626",
        "-30, -1"
    })
    void theErrorFunctionHasItsKnownValues(double x, double erf) {
        assertThat(Gelu.erf(x)).isCloseTo(erf, within(2e-13));
    }
}
