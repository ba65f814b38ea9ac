package dev.vernacular.checkpoint.torch;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;

/// A storage inside an open file.
///
/// @param member of the zip
/// @param order  of its elements; anything but little-endian comes from a rare machine
record MappedStorage(ZipMember member, ByteOrder order) implements TorchStorage {
    @Override
    public long byteSize() {
        return member.byteSize();
    }

    @Override
    public void read(MemorySegment into) {
        if (order != ByteOrder.LITTLE_ENDIAN) {
            throw new TorchException("a big-endian storage cannot be copied as it is; read its tensors instead");
        }
        member.bytes().read(0, into);
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
