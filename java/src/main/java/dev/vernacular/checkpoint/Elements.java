package dev.vernacular.checkpoint;

import dev.vernacular.kernels.Dtype;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.foreign.ValueLayout.OfFloat;
import java.lang.foreign.ValueLayout.OfShort;

/// Conversion between the floating types of checkpoints. Widening is exact; narrowing rounds to nearest, ties
/// to even.
public final class Elements {
    private static final OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final OfShort BITS16 = ValueLayout.JAVA_SHORT_UNALIGNED;

    private Elements() {}

    /// Converts `count` elements of `from` to float32 in `into`.
    public static void toFloat32(MemorySegment from, Dtype dtype, MemorySegment into, long count) {
        switch (dtype) {
            case F32 -> MemorySegment.copy(from, 0, into, 0, count * Float.BYTES);
            case F16 -> {
                for (long i = 0; i < count; i++) {
                    into.set(F32, i * 4, Float.float16ToFloat(from.get(BITS16, i * 2)));
                }
            }
            case BF16 -> {
                for (long i = 0; i < count; i++) {
                    into.set(F32, i * 4, Float.intBitsToFloat(from.get(BITS16, i * 2) << 16));
                }
            }
            case F64 -> {
                for (long i = 0; i < count; i++) {
                    into.set(F32, i * 4, (float) from.get(ValueLayout.JAVA_DOUBLE_UNALIGNED, i * 8));
                }
            }
            case I8, I32 -> throw new CheckpointException("weights of type " + dtype + " are not supported");
        }
    }

    /// Converts `count` float32 elements of `from` to `dtype` in `into`.
    public static void fromFloat32(MemorySegment from, MemorySegment into, Dtype dtype, long count) {
        switch (dtype) {
            case F32 -> MemorySegment.copy(from, 0, into, 0, count * Float.BYTES);
            case F16 -> {
                for (long i = 0; i < count; i++) {
                    into.set(BITS16, i * 2, Float.floatToFloat16(from.get(F32, i * 4)));
                }
            }
            case BF16 -> {
                for (long i = 0; i < count; i++) {
                    into.set(BITS16, i * 2, bfloat16(from.get(F32, i * 4)));
                }
            }
            case F64 -> {
                for (long i = 0; i < count; i++) {
                    into.set(ValueLayout.JAVA_DOUBLE_UNALIGNED, i * 8, from.get(F32, i * 4));
                }
            }
            case I8, I32 -> throw new CheckpointException("weights cannot be written as " + dtype);
        }
    }

    private static short bfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) (bits >>> 16 | 0x40);
        }
        return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
    }
}
