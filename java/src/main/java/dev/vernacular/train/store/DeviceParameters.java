package dev.vernacular.train.store;

import dev.vernacular.checkpoint.megatron.QkvOrder;
import dev.vernacular.checkpoint.torch.TorchDtype;
import dev.vernacular.checkpoint.torch.TorchStorage;
import dev.vernacular.checkpoint.torch.TorchTensor;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.memory.Device;
import dev.vernacular.model.GptConfig;
import dev.vernacular.model.ModelMemory;
import dev.vernacular.model.ParameterLayout;
import dev.vernacular.model.ParameterLayout.Parameter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.stream.LongStream;

/// Parameters and their moments between device memory and a checkpoint, one at a time, in Megatron's order of
/// rows.
///
/// @param memory the model's
public record DeviceParameters(ModelMemory memory, Device device) {

    /// The first parameter, in the order of the model, whose part of a flat buffer holds a number that is not
    /// finite.
    public Optional<String> firstNonFinite(Tensor flat) {
        return memory.layout().parameters().reversed().stream()
                .filter(parameter -> !isFinite(flat, parameter))
                .map(Parameter::name)
                .findFirst();
    }

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

    private boolean isFinite(Tensor flat, Parameter parameter) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment values = arena.allocate(parameter.elements() * Float.BYTES, 64);
            device.download(values, memory.view(flat, parameter.name()));
            return LongStream.range(0, parameter.elements())
                    .allMatch(i -> Float.isFinite(values.getAtIndex(ValueLayout.JAVA_FLOAT, i)));
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
