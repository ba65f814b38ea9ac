package dev.vernacular.checkpoint.gguf;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Consumer;

/// The metadata and the table of tensors at the start of a GGUF file, little-endian.
///
/// @see <a href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md">GGUF, version 3</a>
final class GgufHeader {
    private static final int VERSION = 3;
    private static final int U32 = 4;
    private static final int I32 = 5;
    private static final int F32 = 6;
    private static final int STRING = 8;
    private static final int ARRAY = 9;
    private final ByteArrayOutputStream entries = new ByteArrayOutputStream();
    private final ByteArrayOutputStream tensors = new ByteArrayOutputStream();
    private long entryCount;
    private long tensorCount;

    void text(String key, String value) {
        entry(key, STRING);
        string(entries, value);
    }

    void number(String key, int value) {
        entry(key, U32);
        int32(entries, value);
    }

    void decimal(String key, float value) {
        entry(key, F32);
        int32(entries, Float.floatToRawIntBits(value));
    }

    void texts(String key, List<String> values) {
        array(key, STRING, values, value -> string(entries, value));
    }

    void numbers(String key, List<Integer> values) {
        array(key, I32, values, value -> int32(entries, value));
    }

    /// @param shape  slowest axis first; the file has it the other way round
    /// @param type   ggml's code of the element type
    /// @param offset from the start of the data
    void tensor(String name, long[] shape, int type, long offset) {
        string(tensors, name);
        int32(tensors, shape.length);
        for (int axis = shape.length - 1; axis >= 0; axis--) {
            int64(tensors, shape[axis]);
        }
        int32(tensors, type);
        int64(tensors, offset);
        tensorCount++;
    }

    /// The whole header, padded to a multiple of `alignment`.
    byte[] bytes(int alignment) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
        int32(out, VERSION);
        int64(out, tensorCount);
        int64(out, entryCount);
        out.writeBytes(entries.toByteArray());
        out.writeBytes(tensors.toByteArray());
        while (out.size() % alignment != 0) {
            out.write(0);
        }
        return out.toByteArray();
    }

    private void entry(String key, int type) {
        string(entries, key);
        int32(entries, type);
        entryCount++;
    }

    private <T> void array(String key, int type, List<T> values, Consumer<T> write) {
        entry(key, ARRAY);
        int32(entries, type);
        int64(entries, values.size());
        values.forEach(write);
    }

    private static void string(ByteArrayOutputStream out, String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        int64(out, utf8.length);
        out.writeBytes(utf8);
    }

    private static void int32(ByteArrayOutputStream out, int value) {
        out.writeBytes(ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(value)
                .array());
    }

    private static void int64(ByteArrayOutputStream out, long value) {
        out.writeBytes(ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(value)
                .array());
    }
}
