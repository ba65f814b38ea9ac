package dev.vernacular.checkpoint;

import dev.vernacular.files.Sha256;
import dev.vernacular.kernels.Dtype;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.security.MessageDigest;
import java.util.HexFormat;

/// Takes the bytes of a tensor in any number of pieces and hashes its numbers as float32. Widening is exact, so
/// float16 and bfloat16 numbers have the hash of the same numbers in float32; float64 ones are hashed as they
/// are.
final class NumbersHash implements WritableByteChannel {
    private static final int PIECE = 1 << 18;
    private final Dtype dtype;
    private final MessageDigest digest = Sha256.digest();
    private final ByteBuffer stored;
    private final ByteBuffer wide;

    /// @param dtype of the bytes
    NumbersHash(Dtype dtype) {
        this.dtype = dtype;
        stored = ByteBuffer.allocate(PIECE * dtype.bytes());
        wide = ByteBuffer.allocate(PIECE * Float.BYTES);
    }

    @Override
    public int write(ByteBuffer bytes) {
        int count = bytes.remaining();
        while (bytes.hasRemaining()) {
            int length = Math.min(bytes.remaining(), stored.remaining());
            stored.put(bytes.slice(bytes.position(), length));
            bytes.position(bytes.position() + length);
            if (!stored.hasRemaining()) {
                hash();
            }
        }
        return count;
    }

    /// The hash of all that was written.
    String hex() {
        hash();
        return HexFormat.of().formatHex(digest.digest());
    }

    private void hash() {
        int elements = stored.position() / dtype.bytes();
        if (dtype == Dtype.F64 || dtype == Dtype.F32) {
            digest.update(stored.array(), 0, stored.position());
        } else {
            Elements.toFloat32(
                    MemorySegment.ofArray(stored.array()), dtype, MemorySegment.ofArray(wide.array()), elements);
            digest.update(wide.array(), 0, elements * Float.BYTES);
        }
        stored.clear();
    }

    @Override
    public boolean isOpen() {
        return true;
    }

    @Override
    public void close() {
        // Nothing is held open.
    }
}
