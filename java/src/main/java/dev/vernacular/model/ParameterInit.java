package dev.vernacular.model;

import dev.vernacular.kernels.Norm;
import dev.vernacular.model.ParameterLayout.Parameter;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Fresh parameters as Megatron draws them: matrices from N(0, std), those into the residual stream from
/// N(0, std / sqrt(2 L)), biases 0, norms' scales 1.
///
/// Each number is a function of (seed, parameter's name, element) alone, so neither the order of the buffer nor
/// the number of threads matters.
///
/// @param seed of the whole model
public record ParameterInit(GptConfig config, long seed) {
    private static final long GOLDEN_GAMMA = 0x9e3779b97f4a7c15L;

    /// Fills a flat buffer.
    ///
    /// @param flat [layout.elements()] float32
    public void fill(ParameterLayout layout, MemorySegment flat) {
        layout.parameters().parallelStream().forEach(parameter -> {
            long at = parameter.offset() * Float.BYTES;
            fill(parameter, flat.asSlice(at, parameter.elements() * Float.BYTES));
        });
    }

    /// Fills one parameter.
    ///
    /// @param values of the parameter's size, float32
    public void fill(Parameter parameter, MemorySegment values) {
        double projectionStd =
                config.scaledInit() ? config.initStd() / Math.sqrt(2.0 * config.layers()) : config.initStd();
        switch (parameter.init()) {
            case ZERO -> constant(values, 0f);
            case UNIT_SCALE -> constant(values, config.norm() == Norm.LAYERNORM1P ? 0f : 1f);
            case NORMAL -> normal(values, config.initStd(), parameter.name());
            case SCALED_NORMAL -> normal(values, projectionStd, parameter.name());
        }
    }

    private static void constant(MemorySegment values, float value) {
        for (long i = 0; i < values.byteSize() / Float.BYTES; i++) {
            values.set(ValueLayout.JAVA_FLOAT, i * Float.BYTES, value);
        }
    }

    /// Box and Muller 1958: a pair of uniforms gives a pair of normals.
    private void normal(MemorySegment values, double std, String name) {
        long key = mix(seed + GOLDEN_GAMMA * name.hashCode());
        long count = values.byteSize() / Float.BYTES;
        for (long i = 0; i < count; i += 2) {
            double radius = std * Math.sqrt(-2 * Math.log(1 - uniform(key, i)));
            double angle = 2 * Math.PI * uniform(key, i + 1);
            values.set(ValueLayout.JAVA_FLOAT, i * Float.BYTES, (float) (radius * Math.cos(angle)));
            if (i + 1 < count) {
                values.set(ValueLayout.JAVA_FLOAT, (i + 1) * Float.BYTES, (float) (radius * Math.sin(angle)));
            }
        }
    }

    /// In [0, 1).
    private static double uniform(long key, long counter) {
        return (mix(key + GOLDEN_GAMMA * (counter + 1)) >>> 11) * 0x1p-53;
    }

    /// SplitMix64's output function (Steele, Lea and Flood 2014).
    private static long mix(long z) {
        long a = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        long b = (a ^ (a >>> 27)) * 0x94d049bb133111ebL;
        return b ^ (b >>> 31);
    }
}
