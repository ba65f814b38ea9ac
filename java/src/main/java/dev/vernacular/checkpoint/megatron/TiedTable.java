package dev.vernacular.checkpoint.megatron;

import dev.vernacular.checkpoint.CheckpointException;
import dev.vernacular.checkpoint.StoredTensor;
import dev.vernacular.kernels.Dtype;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// A tied token table of which the last pipeline stage has a copy, to compute the logits with. Training keeps
/// the two equal; what is read is compared.
///
/// @param table of the first stage
/// @param copy  of the last
/// @param label names the model and the copy in errors
record TiedTable(StoredTensor table, StoredTensor copy, String label) implements StoredTensor {
    @Override
    public String name() {
        return table.name();
    }

    @Override
    public Dtype dtype() {
        return table.dtype();
    }

    @Override
    public long[] shape() {
        return table.shape();
    }

    @Override
    public void requireWhole() {
        table.requireWhole();
        copy.requireWhole();
    }

    @Override
    public void read(MemorySegment into) {
        long piece = Math.max(1, PIECE / rowBytes()) * rowBytes();
        for (long at = 0; at < into.byteSize(); at += piece) {
            readRows(at / rowBytes(), into.asSlice(at, Math.min(piece, into.byteSize() - at)));
        }
    }

    @Override
    public void readRows(long first, MemorySegment into) {
        table.readRows(first, into);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment same = arena.allocate(into.byteSize(), 64);
            copy.readRows(first, same);
            long differs = into.mismatch(same);
            if (differs >= 0) {
                throw new CheckpointException(label + " differs from the first stage's table of word embeddings in row "
                        + (first + differs / rowBytes()) + ", but the model's head is tied to that table\n"
                        + "  Its parts were not saved at one time, or the model is not tied: then set"
                        + " share_embeddings_and_output_weights to false in its configuration.");
            }
        }
    }

    @Override
    public boolean readsRows() {
        return table.readsRows() && copy.readsRows();
    }
}
