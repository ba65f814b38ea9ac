package dev.vernacular.kernels.numbers;

/// bfloat16 and IEEE binary16 as bit patterns, rounded once to nearest even from float or double.
public final class HalfFloats {
    private HalfFloats() {}

    public static float fromBfloat16(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    /// A NaN stays one: its quiet bit is set, which plain rounding could carry into infinity.
    public static short toBfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (value != value) {
            return (short) ((bits >>> 16) | 0x40);
        }
        int half = 0x7fff + ((bits >>> 16) & 1);
        return (short) ((bits + half) >>> 16);
    }

    public static short toBfloat16(double value) {
        return toBfloat16(roundToOdd(value));
    }

    public static float fromFloat16(short bits) {
        return Float.float16ToFloat(bits);
    }

    public static short toFloat16(float value) {
        return Float.floatToFloat16(value);
    }

    public static short toFloat16(double value) {
        return Float.floatToFloat16(roundToOdd(value));
    }

    /// Rounds to float so that a second rounding to fewer bits gives what one rounding would (Boldo & Melquiond
    /// 2008): an inexact result is truncated and its last bit set.
    private static float roundToOdd(double value) {
        float nearest = (float) value;
        if (nearest == value || nearest != nearest) {
            return nearest;
        }
        int bits = Float.floatToRawIntBits(nearest);
        int truncated = Math.abs((double) nearest) > Math.abs(value) ? bits - 1 : bits;
        return Float.intBitsToFloat(truncated | 1);
    }
}
