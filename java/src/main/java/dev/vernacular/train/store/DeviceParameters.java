package dev.vernacular.train.store;

import dev.vernacular.checkpoint.megatron.QkvOrder;
import dev.vernacular.checkpoint.torch.TorchDtype;
import dev.vernacular.checkpoint.torch.TorchStorage;
import dev.vernacular.checkpoint.torch.TorchTensor;
import dev.vernacular.kernels.Device;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.model.GptConfig;
import dev.vernacular.model.ModelMemory;
import dev.vernacular.model.ParameterLayout;
import dev.vernacular.model.ParameterLayout.Parameter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Parameters and their moments between device memory and a checkpoint, one at a time, in Megatron's order of rows.
///
/// @param memory the model's
record DeviceParameters(ModelMemory memory, Device device) {

    /// A tensor of a checkpoint whose bytes are fetched when it is written.
    ///
    /// @param flat one of the memory's flat buffers
    TorchTensor tensor(Tensor flat, Parameter parameter) {
        return TorchTensor.of(TorchDtype.F32, parameter.shape(), new TorchStorage() {
            @Override
            public long byteSize() {
                return parameter.elements() * Float.BYTES;
            }

            @Override
            public void read(MemorySegment into) {
                fetch(flat, parameter, into);
            }
        });
    }

    /// Fills a parameter's part of a flat buffer from a checkpoint.
    void load(Tensor flat, Parameter parameter, TorchTensor saved) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment stored = arena.allocate(saved.byteSize(), 64);
            saved.read(stored);
            MemorySegment ours = stored;
            if (isQkv(parameter)) {
                ours = arena.allocate(saved.byteSize(), 64);
                order(parameter).fromMegatron(stored, ours);
            }
            device.upload(memory.view(flat, parameter.name()), ours);
            device.synchronize();
        }
    }

    private void fetch(Tensor flat, Parameter parameter, MemorySegment into) {
        Tensor view = memory.view(flat, parameter.name());
        if (!isQkv(parameter)) {
            device.download(into, view);
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ours = arena.allocate(into.byteSize(), 64);
            device.download(ours, view);
            order(parameter).toMegatron(ours, into);
        }
    }

    private static boolean isQkv(Parameter parameter) {
        return parameter.name().contains("." + ParameterLayout.QKV + ".");
    }

    private QkvOrder order(Parameter parameter) {
        GptConfig config = memory.config();
        return new QkvOrder(config.heads(), config.headSize() * parameter.cols() * Float.BYTES);
    }
}
