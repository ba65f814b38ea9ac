package dev.vernacular.model;

import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.memory.MemoryPlan;
import java.util.HashMap;
import java.util.Map;

/// Where a structure gets its tensors from. The same code lays a structure out twice: in a [Planned] space,
/// which only counts, and then in the plan's block, where each name has its place.
interface Space {
    /// A tensor.
    ///
    /// @param kind what it is for a person: parameters, gradients, moments, activations, workspace
    Tensor take(String kind, String name, Dtype dtype, long... shape);

    /// The first elements of `buffer` under another shape.
    static Tensor prefix(Tensor buffer, long... shape) {
        if (buffer.isNone()) {
            return buffer;
        }
        long elements = 1;
        for (long axis : shape) {
            elements = Math.multiplyExact(elements, axis);
        }
        return buffer.reshape(buffer.elements()).slice(0, elements).reshape(shape);
    }

    /// Counts into a plan; what it hands out is [Tensor#NONE].
    final class Planned implements Space {
        private final MemoryPlan plan = new MemoryPlan();
        private final Map<String, MemoryPlan.Entry> entries = new HashMap<>();

        @Override
        public Tensor take(String kind, String name, Dtype dtype, long... shape) {
            if (entries.put(name, plan.add(kind, name, dtype, shape)) != null) {
                throw new IllegalArgumentException("two tensors are named " + name);
            }
            return Tensor.NONE;
        }

        MemoryPlan plan() {
            return plan;
        }

        /// The same names in the plan's block; a shape may be smaller than planned, never larger.
        ///
        /// @param block from [MemoryPlan#allocate]
        Space in(Tensor block) {
            Map<String, MemoryPlan.Entry> places = Map.copyOf(entries);
            return (kind, name, dtype, shape) -> prefix(places.get(name).in(block), shape);
        }
    }
}
