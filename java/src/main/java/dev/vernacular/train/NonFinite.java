package dev.vernacular.train;

import dev.vernacular.kernels.Device;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.model.ModelMemory;
import dev.vernacular.model.ParameterLayout.Parameter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/// Finds where numbers stopped being finite, after the loss or a gradient did.
record NonFinite(ModelMemory memory, Device device) {

    /// For a person: the first such weight in the order of the model, else the first such gradient.
    String describe() {
        return first(memory.masters())
                .map(name -> "the first such weight is in " + name)
                .or(() -> first(memory.gradients()).map(name -> "the weights are finite, the first such gradient is in " + name))
                .orElse("weights and gradients are finite, the loss alone is not");
    }

    private Optional<String> first(Tensor flat) {
        return memory.layout().parameters().reversed().stream()
                .filter(parameter -> !isFinite(flat, parameter))
                .map(Parameter::name)
                .findFirst();
    }

    private boolean isFinite(Tensor flat, Parameter parameter) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment values = arena.allocate(parameter.elements() * Float.BYTES, 64);
            device.download(values, memory.view(flat, parameter.name()));
            for (long i = 0; i < parameter.elements(); i++) {
                if (!Float.isFinite(values.getAtIndex(ValueLayout.JAVA_FLOAT, i))) {
                    return false;
                }
            }
            return true;
        }
    }
}
