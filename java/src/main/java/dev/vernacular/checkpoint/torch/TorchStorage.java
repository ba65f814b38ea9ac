package dev.vernacular.checkpoint.torch;

import dev.vernacular.checkpoint.StoredTensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.WritableByteChannel;

/// The bytes behind one or more tensors, little-endian. Tensors that share a storage object share it in a file.
public interface TorchStorage {
    long byteSize();

    /// Fills `into`, which has [#byteSize()] bytes, with the whole storage. A storage may
    /// make its bytes only then.
    void read(MemorySegment into);

    /// Writes what [#read] gives; a storage that can make its bytes piece by piece does.
    default void writeTo(WritableByteChannel channel) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(byteSize(), 64);
            read(bytes);
            StoredTensor.write(bytes, channel);
        }
    }

    /// The storage of a parameter.
    record OfTensor(StoredTensor tensor) implements TorchStorage {
        @Override
        public long byteSize() {
            return tensor.byteSize();
        }

        @Override
        public void read(MemorySegment into) {
            tensor.read(into);
        }

        @Override
        public void writeTo(WritableByteChannel channel) throws IOException {
            tensor.writeTo(channel);
        }
    }

    /// A storage that is in memory, or mapped.
    record InMemory(MemorySegment bytes) implements TorchStorage {
        @Override
        public long byteSize() {
            return bytes.byteSize();
        }

        @Override
        public void read(MemorySegment into) {
            into.copyFrom(bytes);
        }

        @Override
        public void writeTo(WritableByteChannel channel) throws IOException {
            StoredTensor.write(bytes, channel);
        }

        @Override
        public boolean equals(Object other) {
            return this == other;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(this);
        }
    }
}
