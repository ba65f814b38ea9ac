package dev.vernacular.model;

import dev.vernacular.model.ParameterLayout.Parameter;
import java.lang.foreign.MemorySegment;

/// Where a model's parameters come from, one at a time.
@FunctionalInterface
public interface ParameterSource {
    /// @param values of the parameter's size, float32, written
    void read(Parameter parameter, MemorySegment values);

    /// From a flat buffer.
    ///
    /// @param flat [layout.elements()] float32
    static ParameterSource ofFlat(MemorySegment flat) {
        return (parameter, values) ->
                values.copyFrom(flat.asSlice(parameter.offset() * Float.BYTES, parameter.elements() * Float.BYTES));
    }
}
