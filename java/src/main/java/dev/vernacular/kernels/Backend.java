package dev.vernacular.kernels;

import dev.vernacular.kernels.memory.Device;

/// Where a run's kernels and memory are. It owns both; nothing of either may be used after it is closed.
///
/// @param name what was opened: cpu, reference, cuda, cuda-emulated
/// @param why  one line for a person: what was taken and, if it was chosen automatically, why
public record Backend(String name, Kernels kernels, Device device, String why) implements AutoCloseable {
    @Override
    public void close() {
        kernels.close();
        device.close();
    }
}
