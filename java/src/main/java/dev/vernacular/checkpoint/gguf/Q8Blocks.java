package dev.vernacular.checkpoint.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.foreign.ValueLayout.OfByte;
import java.lang.foreign.ValueLayout.OfFloat;
import java.lang.foreign.ValueLayout.OfShort;

/// Q8_0, ggml's 8-bit form. A block is 32 numbers in 34 bytes: a scale d in float16, then 32 signed bytes q.
///
///     d = max |x| / 127      q = round(x / d), halves away from zero      x ≈ d q
///
/// Numbers are divided by the float32 scale, before it is rounded, and by way of its reciprocal: so does ggml's
/// `quantize_row_q8_0_ref`, whose bytes these are.
final class Q8Blocks {
    static final int ELEMENTS = 32;
    static final int BYTES = 34;
    /// The largest magnitude whose scale float16 can hold.
    static final float LARGEST = 65504f * 127;

    private static final int LARGEST_QUANT = 127;
    private static final OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final OfShort F16 = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final OfByte I8 = ValueLayout.JAVA_BYTE;

    private Q8Blocks() {}

    /// @param floats [blocks * 32] float32
    /// @param into   [blocks * 34] bytes, written
    /// @return the first element that is not finite or larger than [#LARGEST], -1 if all went well
    static long quantize(MemorySegment floats, MemorySegment into, long blocks) {
        for (long block = 0; block < blocks; block++) {
            long from = block * ELEMENTS * Float.BYTES;
            long to = block * BYTES;
            float largest = 0;
            for (int i = 0; i < ELEMENTS; i++) {
                float magnitude = Math.abs(floats.get(F32, from + (long) i * Float.BYTES));
                if (!(magnitude <= LARGEST)) {
                    return block * ELEMENTS + i;
                }
                largest = Math.max(largest, magnitude);
            }
            float scale = largest / LARGEST_QUANT;
            float inverse = scale == 0 ? 0 : 1 / scale;
            into.set(F16, to, Float.floatToFloat16(scale));
            for (int i = 0; i < ELEMENTS; i++) {
                into.set(I8, to + 2 + i, rounded(floats.get(F32, from + (long) i * Float.BYTES) * inverse));
            }
        }
        return -1;
    }

    /// @param blocks [count * 34] bytes
    /// @param floats [count * 32] float32, written
    static void dequantize(MemorySegment blocks, MemorySegment floats, long count) {
        for (long block = 0; block < count; block++) {
            long from = block * BYTES;
            long to = block * ELEMENTS * Float.BYTES;
            float scale = Float.float16ToFloat(blocks.get(F16, from));
            for (int i = 0; i < ELEMENTS; i++) {
                floats.set(F32, to + (long) i * Float.BYTES, blocks.get(I8, from + 2 + i) * scale);
            }
        }
    }

    /// Halves away from zero. The sum is in double: in float32 0.49999997 + 0.5 is 1. Only a scale so small that
    /// its reciprocal overflows leads beyond 127.
    private static byte rounded(float value) {
        int magnitude = (int) Math.min(LARGEST_QUANT, Math.abs((double) value) + 0.5);
        return (byte) (value < 0 ? -magnitude : magnitude);
    }
}
