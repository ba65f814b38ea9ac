package dev.vernacular.kernels;

import dev.vernacular.kernels.memory.Device;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/// The parameter tensors inside the flat buffers, as the optimizer's kernels see them: an array of `vn_segment`
/// in device memory.
///
/// @param device [count * BYTES]
/// @param list   the same in Java
public record ParameterSegments(Tensor device, List<Segment> list) {
    static final long BYTES = 48;

    /// One parameter tensor.
    ///
    /// @param offset            first element in the flat buffers
    /// @param copy              compute copy to refresh, or [Tensor#NONE]
    /// @param learningRateScale factor on the step's learning rate
    /// @param frozen            neither updated nor counted in the norm
    public record Segment(
            long offset,
            long rows,
            long cols,
            Tensor copy,
            Dtype copyDtype,
            float weightDecay,
            float learningRateScale,
            boolean frozen) {}

    public ParameterSegments {
        list = List.copyOf(list);
    }

    /// Lays the list out in memory of `device` and uploads it.
    public static ParameterSegments upload(Device device, List<Segment> list) {
        Tensor block = device.allocate(Dtype.I8, Math.max(1, list.size()) * BYTES);
        MemorySegment host = device.hostMemory(block.bytes());
        host.fill((byte) 0);
        for (int i = 0; i < list.size(); i++) {
            Segment segment = list.get(i);
            long at = i * BYTES;
            host.set(ValueLayout.JAVA_LONG, at, segment.offset());
            host.set(ValueLayout.JAVA_LONG, at + 8, segment.rows());
            host.set(ValueLayout.JAVA_LONG, at + 16, segment.cols());
            host.set(ValueLayout.JAVA_LONG, at + 24, segment.copy().segment().address());
            host.set(ValueLayout.JAVA_FLOAT, at + 32, segment.weightDecay());
            host.set(ValueLayout.JAVA_FLOAT, at + 36, segment.learningRateScale());
            host.set(ValueLayout.JAVA_INT, at + 40, segment.frozen() ? 1 : 0);
            host.set(ValueLayout.JAVA_INT, at + 44, segment.copyDtype().code());
        }
        device.upload(block, host);
        return new ParameterSegments(block, list);
    }
}
