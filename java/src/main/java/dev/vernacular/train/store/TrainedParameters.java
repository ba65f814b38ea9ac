package dev.vernacular.train.store;

import dev.vernacular.checkpoint.megatron.QkvOrder;
import dev.vernacular.checkpoint.torch.TorchDtype;
import dev.vernacular.checkpoint.torch.TorchStorage;
import dev.vernacular.checkpoint.torch.TorchTensor;
import dev.vernacular.kernels.KernelException;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.memory.CpuDevice;
import dev.vernacular.kernels.memory.Device;
import dev.vernacular.kernels.memory.MachineMemory;
import dev.vernacular.model.GptConfig;
import dev.vernacular.model.ModelMemory;
import dev.vernacular.model.ParameterLayout;
import dev.vernacular.model.ParameterLayout.Parameter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.stream.LongStream;

/// Parameters and their moments between memory and a checkpoint, one at a time, in Megatron's order of rows.
///
/// @param memory       the model's
/// @param device       whose memory the flat buffers are
/// @param masters      flat, as [ModelMemory#masters()], as the next two
public record TrainedParameters(
        ModelMemory memory, Device device, Tensor masters, Tensor firstMoments, Tensor secondMoments) {
    private static final Device HOST = new CpuDevice();

    /// As the device has them.
    public static TrainedParameters of(ModelMemory memory, Device device) {
        return new TrainedParameters(memory, device, memory.masters(), memory.firstMoments(), memory.secondMoments());
    }

    /// Memory of the host for a copy of these, not filled yet; empty where there is little left. A copy may take
    /// half of what is free, so that files which are being written and read still fit into the page cache.
    public Optional<TrainedParameters> hostCopy() {
        long bytes = masters.bytes() + firstMoments.bytes() + secondMoments.bytes();
        if (bytes > MachineMemory.ofThisMachine().available() / 2) {
            return Optional.empty();
        }
        try {
            return Optional.of(
                    new TrainedParameters(memory, HOST, like(masters), like(firstMoments), like(secondMoments)));
        } catch (KernelException noPinnedMemory) {
            return Optional.empty();
        }
    }

    private Tensor like(Tensor flat) {
        return new Tensor(device.hostMemory(flat.bytes()), flat.dtype(), flat.shape());
    }

    /// Fills a [#hostCopy()], when all earlier calls of kernels are done.
    public void copyTo(TrainedParameters copy) {
        device.download(copy.masters.segment(), masters);
        device.download(copy.firstMoments.segment(), firstMoments);
        device.download(copy.secondMoments.segment(), secondMoments);
    }

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
