package dev.vernacular.checkpoint.megatron;

import dev.vernacular.checkpoint.StoredTensor;
import dev.vernacular.checkpoint.torch.TorchTensor;
import dev.vernacular.kernels.Dtype;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// A parameter of a Megatron state dict, put together from the tensor-parallel ranks that hold its parts.
///
/// @param parts one for each rank; one alone for a tensor that is not cut
/// @param heads H if this is a fused query-key-value tensor whose rows are interleaved by head, else 0
record ShardedTensor(
        String name, Dtype dtype, long[] shape, List<TorchTensor> parts, MegatronNames.Split split, int heads)
        implements StoredTensor {
    @Override
    public long[] shape() {
        return shape.clone();
    }

    @Override
    public void requireWhole() {
        parts.forEach(part -> part.requireWhole(name));
    }

    @Override
    public void read(MemorySegment into) {
        requireWhole();
        if (heads == 0) {
            readAsStored(into);
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment stored = arena.allocate(byteSize(), 64);
            readAsStored(stored);
            new QkvOrder(heads, byteSize() / (3L * heads)).fromMegatron(stored, into);
        }
    }

    private void readAsStored(MemorySegment into) {
        if (split == MegatronNames.Split.COLUMNS && parts.size() > 1) {
            readColumns(into);
            return;
        }
        long at = 0;
        for (TorchTensor part : parts) {
            part.read(into.asSlice(at, part.byteSize()));
            at += part.byteSize();
        }
    }

    private void readColumns(MemorySegment into) {
        long rowBytes = shape[1] * dtype.bytes();
        long column = 0;
        for (TorchTensor part : parts) {
            long partBytes = part.byteSize() / shape[0];
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment stored = arena.allocate(part.byteSize(), 64);
                part.read(stored);
                for (long row = 0; row < shape[0]; row++) {
                    MemorySegment.copy(stored, row * partBytes, into, row * rowBytes + column, partBytes);
                }
            }
            column += partBytes;
        }
    }
}
