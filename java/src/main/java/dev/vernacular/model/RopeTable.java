package dev.vernacular.model;

import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.memory.Device;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Rotary position embedding's angles (Su et al. 2021): component i of the first `dims` of a head turns by
/// `position * base^(-2 i / dims)`.
final class RopeTable {
    private RopeTable() {}

    /// The table's place, [2, positions, dims / 2]; [Tensor#NONE] for a model without it.
    ///
    /// @param dtype float32, or float64 for finite differences
    static Tensor in(Space space, GptConfig config, Dtype dtype, long positions) {
        return config.usesRope()
                ? space.take(BatchBuffers.KIND, "rope", dtype, 2, positions, config.ropeDims() / 2)
                : Tensor.NONE;
    }

    /// Fills a table, unless it is [Tensor#NONE].
    static void upload(GptConfig config, Tensor table, Device device) {
        if (table.isPresent()) {
            try (Arena arena = Arena.ofShared()) {
                double[] angles = angles(config, Math.toIntExact(table.size(1)));
                MemorySegment host = arena.allocate(table.bytes(), Double.BYTES);
                for (int i = 0; i < angles.length; i++) {
                    if (table.dtype() == Dtype.F64) {
                        host.setAtIndex(ValueLayout.JAVA_DOUBLE, i, angles[i]);
                    } else {
                        host.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) angles[i]);
                    }
                }
                device.upload(table, host);
                device.synchronize();
            }
        }
    }

    /// Cosines, then sines: [2, positions, dims / 2].
    static double[] angles(GptConfig config, int positions) {
        int half = config.ropeDims() / 2;
        double[] table = new double[2 * positions * half];
        for (int position = 0; position < positions; position++) {
            for (int i = 0; i < half; i++) {
                double frequency = Math.pow(config.ropeBase(), -2.0 * i / config.ropeDims());
                double angle = position / config.positionScale() * frequency;
                table[position * half + i] = Math.cos(angle);
                table[(positions + position) * half + i] = Math.sin(angle);
            }
        }
        return table;
    }
}
