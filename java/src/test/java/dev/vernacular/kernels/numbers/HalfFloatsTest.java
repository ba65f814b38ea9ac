package dev.vernacular.kernels.numbers;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import org.junit.jupiter.api.Test;

class HalfFloatsTest {
    @Test
    void everyBfloat16SurvivesTheWayThereAndBack() {
        for (int bits = 0; bits <= 0xffff; bits++) {
            float value = HalfFloats.fromBfloat16((short) bits);
            short back = HalfFloats.toBfloat16(value);
            assertThat(value != value ? 0 : (short) bits).isEqualTo(value != value ? 0 : back);
        }
    }

    @Test
    void everyFloat16SurvivesTheWayThereAndBack() {
        for (int bits = 0; bits <= 0xffff; bits++) {
            float value = HalfFloats.fromFloat16((short) bits);
            short back = HalfFloats.toFloat16((double) value);
            assertThat(value != value ? 0 : (short) bits).isEqualTo(value != value ? 0 : back);
        }
    }

    @Test
    void halfwayGoesToTheEvenNeighbour() {
        assertThat(HalfFloats.fromBfloat16(HalfFloats.toBfloat16(1 + 0x1p-8))).isEqualTo(1f);
        assertThat(HalfFloats.fromBfloat16(HalfFloats.toBfloat16(1 + 3 * 0x1p-8)))
                .isEqualTo(1 + 0x1p-6f);
        assertThat(HalfFloats.fromFloat16(HalfFloats.toFloat16(1 + 0x1p-11))).isEqualTo(1f);
        assertThat(HalfFloats.fromFloat16(HalfFloats.toFloat16(1 + 3 * 0x1p-11)))
                .isEqualTo(1 + 0x1p-9f);
    }

    @Test
    void aDoubleIsRoundedOnceAndNotByWayOfFloat() {
        double justAboveHalfway = 1 + 0x1p-8 + 0x1p-40;

        assertThat(HalfFloats.fromBfloat16(HalfFloats.toBfloat16(justAboveHalfway)))
                .isEqualTo(1 + 0x1p-7f);
        assertThat(HalfFloats.fromBfloat16(HalfFloats.toBfloat16((float) justAboveHalfway)))
                .isEqualTo(1f);
        assertThat(HalfFloats.fromFloat16(HalfFloats.toFloat16(-(1 + 0x1p-11 + 0x1p-40))))
                .isEqualTo(-1 - 0x1p-10f);
    }

    @Test
    void randomDoublesGoToTheNearestNeighbour() {
        java.util.Random random = new java.util.Random(5);
        for (int i = 0; i < 20_000; i++) {
            double value = random.nextGaussian() * Math.pow(2, random.nextInt(-20, 13));
            BigDecimal chosen = distance(value, HalfFloats.toFloat16(value));
            BigDecimal up = distance(value, (short) (HalfFloats.toFloat16(value) + 1));
            BigDecimal down = distance(value, (short) (HalfFloats.toFloat16(value) - 1));
            assertThat(chosen).isLessThanOrEqualTo(up).isLessThanOrEqualTo(down);
        }
    }

    @Test
    void notANumberAndInfinityStayThat() {
        assertThat(HalfFloats.fromBfloat16(HalfFloats.toBfloat16(Float.intBitsToFloat(0x7f800001))))
                .isNaN();
        assertThat(HalfFloats.fromBfloat16(HalfFloats.toBfloat16(1e300))).isInfinite();
        assertThat(HalfFloats.fromFloat16(HalfFloats.toFloat16(65520.0))).isInfinite();
        assertThat(HalfFloats.fromFloat16(HalfFloats.toFloat16(65519.9))).isEqualTo(65504f);
    }

    private static BigDecimal distance(double value, short bits) {
        float there = HalfFloats.fromFloat16(bits);
        BigDecimal exact = Float.isFinite(there) ? new BigDecimal(there) : new BigDecimal("1e9");
        return exact.subtract(new BigDecimal(value)).abs();
    }
}
