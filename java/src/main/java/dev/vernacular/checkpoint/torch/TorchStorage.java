package dev.vernacular.checkpoint.torch;

import java.lang.foreign.MemorySegment;

/// The bytes behind one or more tensors, little-endian. Tensors that share a storage object share it in a file.
public interface TorchStorage {
    long byteSize();

    /// Fills `into`, which has [#byteSize()] bytes, with the whole storage. Called once per write, so a storage
    /// may produce its bytes only then.
    void read(MemorySegment into);

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
        public boolean equals(Object other) {
            return this == other;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(this);
        }
    }
}
