package dev.vernacular.checkpoint.torch;

import dev.vernacular.files.AtomicFile;
import dev.vernacular.files.FileBytes;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.zip.CRC32;

/// A stored member of an open zip. Its checksum is compared when its bytes are first asked for, once.
final class ZipMember {
    private static final long PIECE = 1 << 20;

    /// What torch writes after `torch.serialization.set_crc32_options(False)`.
    private static final int NOT_COMPUTED = 0;

    /// Takes all bytes and keeps none.
    private static final WritableByteChannel NOWHERE = new WritableByteChannel() {
        @Override
        public int write(ByteBuffer bytes) {
            int length = bytes.remaining();
            bytes.position(bytes.limit());
            return length;
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {}
    };

    private final String label;
    private final String name;
    private final FileBytes bytes;
    private final int crc;
    private volatile boolean isWhole;

    /// @param label names the file in errors
    /// @param crc   CRC-32 of the bytes, as the directory has it
    ZipMember(String label, String name, FileBytes bytes, int crc) {
        this.label = label;
        this.name = name;
        this.bytes = bytes;
        this.crc = crc;
        isWhole = crc == NOT_COMPUTED;
    }

    String name() {
        return name;
    }

    /// Where in the file it begins.
    long offset() {
        return bytes.offset();
    }

    long byteSize() {
        return bytes.size();
    }

    /// @throws TorchException if they are not what was written
    FileBytes bytes() {
        requireWhole("");
        return bytes;
    }

    /// @param tensor that needs the member, for the error; empty if it is no tensor's
    /// @throws TorchException if the bytes are not what was written
    void requireWhole(String tensor) {
        if (!isWhole) {
            try {
                writeTo(NOWHERE, tensor);
            } catch (IOException e) {
                throw new AssertionError("nothing was written", e);
            }
        }
    }

    /// Writes the bytes and compares their checksum on the way: what was written is good only if this returns.
    ///
    /// @param tensor as for [#requireWhole]
    /// @throws TorchException if the bytes are not what was written to this zip
    void writeTo(WritableByteChannel channel, String tensor) throws IOException {
        CRC32 sum = new CRC32();
        try (Arena arena = Arena.ofConfined()) {
            ByteBuffer buffer = arena.allocate(Math.min(PIECE, byteSize())).asByteBuffer();
            for (long at = 0; at < byteSize(); at += buffer.limit()) {
                buffer.clear().limit((int) Math.min(PIECE, byteSize() - at));
                bytes.read(at, MemorySegment.ofBuffer(buffer));
                if (!isWhole) {
                    sum.update(buffer.duplicate());
                }
                AtomicFile.writeAll(channel, buffer.duplicate());
            }
        }
        if (!isWhole && (int) sum.getValue() != crc) {
            throw damaged(tensor, (int) sum.getValue());
        }
        isWhole = true;
    }

    private TorchException damaged(String tensor, int found) {
        return new TorchException(
                "%s is damaged: %s%s has the checksum %08x, its directory says %08x\n  Copy or download it again."
                        .formatted(
                                label,
                                tensor.isEmpty() ? "its member " : "tensor " + tensor + ", stored in ",
                                name,
                                found,
                                crc));
    }
}
