package dev.vernacular.kernels.memory;

import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A layout of named tensors in one block, computed before anything is allocated: what `--dry-run` prints is
/// what a run uses. Every tensor starts at a multiple of 256 bytes.
public final class MemoryPlan {
    private static final long ALIGNMENT = 256;
    private final List<Entry> entries = new ArrayList<>();
    private final Map<String, Long> bytesByKind = new LinkedHashMap<>();
    private long bytes;

    /// A place in the plan; [#in] gives its tensor once the block exists.
    public record Entry(String kind, String name, long offset, Dtype dtype, long... shape) {
        /// @param block the plan's block, from [MemoryPlan#allocate]
        public Tensor in(Tensor block) {
            long length = dtype.bytes();
            for (long axis : shape) {
                length *= axis;
            }
            return new Tensor(block.segment().asSlice(offset, length), dtype, shape);
        }
    }

    /// Adds a tensor.
    ///
    /// @param kind what it is for a person: parameters, gradients, moments, activations, workspace
    public Entry add(String kind, String name, Dtype dtype, long... shape) {
        long length = dtype.bytes();
        for (long axis : shape) {
            length = Math.multiplyExact(length, axis);
        }
        Entry entry = new Entry(kind, name, bytes, dtype, shape.clone());
        long padded = Math.addExact(length, ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        bytes = Math.addExact(bytes, padded);
        bytesByKind.merge(kind, padded, Long::sum);
        entries.add(entry);
        return entry;
    }

    public long bytes() {
        return bytes;
    }

    /// Bytes by kind, in the order in which the kinds were first named.
    public Map<String, Long> bytesByKind() {
        return new LinkedHashMap<>(bytesByKind);
    }

    public List<Entry> entries() {
        return List.copyOf(entries);
    }

    /// The plan's one block.
    public Tensor allocate(Device device) {
        return device.allocate(Dtype.I8, bytes);
    }
}
