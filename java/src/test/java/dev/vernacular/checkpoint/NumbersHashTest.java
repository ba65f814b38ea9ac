package dev.vernacular.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vernacular.files.Sha256;
import dev.vernacular.kernels.Dtype;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

class NumbersHashTest {
    private static final float[] NUMBERS = {1, -2.5f, 0, -0.0f, 0.15625f};

    private static byte[] stored(Dtype dtype) {
        byte[] bytes = new byte[NUMBERS.length * dtype.bytes()];
        Elements.fromFloat32(MemorySegment.ofArray(NUMBERS), MemorySegment.ofArray(bytes), dtype, NUMBERS.length);
        return bytes;
    }

    private static String hash(Dtype dtype, int piece) {
        NumbersHash hash = new NumbersHash(dtype);
        byte[] bytes = stored(dtype);
        for (int at = 0; at < bytes.length; at += piece) {
            hash.write(ByteBuffer.wrap(bytes, at, Math.min(piece, bytes.length - at)));
        }
        return hash.hex();
    }

    @Test
    void numbersThatAreWidenedExactlyKeepTheirHash() {
        ByteBuffer floats = ByteBuffer.allocate(NUMBERS.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        floats.asFloatBuffer().put(NUMBERS);

        String wanted = Sha256.of(floats.array());

        assertThat(hash(Dtype.F32, 100)).isEqualTo(wanted);
        assertThat(hash(Dtype.F16, 100)).isEqualTo(wanted);
        assertThat(hash(Dtype.BF16, 100)).isEqualTo(wanted);
    }

    @Test
    void piecesThatCutANumberMakeNoDifference() {
        assertThat(hash(Dtype.F16, 3)).isEqualTo(hash(Dtype.F16, 100));
    }
}
