package dev.vernacular.checkpoint.torch;

import dev.vernacular.files.FileBytes;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.zip.CRC32;

/// A stored member of an open zip. Its checksum is compared when its bytes are first asked for, once.
final class ZipMember {
    private static final long PIECE = 1 << 20;

    /// What torch writes after `torch.serialization.set_crc32_options(False)`.
    private static final int NOT_COMPUTED = 0;

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
            int found = checksum();
            if (found != crc) {
                throw new TorchException(
                        "%s is damaged: %s%s has the checksum %08x, its directory says %08x\n  Copy or download it again."
                                .formatted(
                                        label,
                                        tensor.isEmpty() ? "its member " : "tensor " + tensor + ", stored in ",
                                        name,
                                        found,
                                        crc));
            }
            isWhole = true;
        }
    }

    private int checksum() {
        CRC32 sum = new CRC32();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(Math.min(PIECE, byteSize()));
            for (long at = 0; at < byteSize(); at += PIECE) {
                MemorySegment piece = buffer.asSlice(0, Math.min(PIECE, byteSize() - at));
                bytes.read(at, piece);
                sum.update(piece.asByteBuffer());
            }
        }
        return (int) sum.getValue();
    }
}
