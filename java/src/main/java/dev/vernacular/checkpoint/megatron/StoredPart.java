package dev.vernacular.checkpoint.megatron;

import dev.vernacular.checkpoint.StoredTensor;
import dev.vernacular.checkpoint.torch.TorchTensor;
import dev.vernacular.kernels.Dtype;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.WritableByteChannel;

/// A tensor of a state dict as one rank's file holds it.
record StoredPart(String name, Dtype dtype, TorchTensor tensor) implements StoredTensor {
    @Override
    public long[] shape() {
        return tensor.shape();
    }

    @Override
    public void requireWhole() {
        tensor.requireWhole(name);
    }

    @Override
    public void read(MemorySegment into) {
        readRows(0, into);
    }

    @Override
    public void readRows(long first, MemorySegment into) {
        requireWhole();
        tensor.rows(first, into.byteSize() / rowBytes()).read(into);
    }

    @Override
    public boolean readsRows() {
        return true;
    }

    @Override
    public void writeTo(WritableByteChannel channel) throws IOException {
        if (tensor.isStoredAsRead()) {
            tensor.writeTo(channel, name);
        } else {
            StoredTensor.super.writeTo(channel);
        }
    }
}
