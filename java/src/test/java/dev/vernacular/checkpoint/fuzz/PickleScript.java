package dev.vernacular.checkpoint.fuzz;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/// A pickle written by hand, operation by operation.
final class PickleScript {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    PickleScript() {
        operations("\u0080\u0002");
    }

    /// Characters are bytes.
    PickleScript operations(String bytes) {
        out.writeBytes(bytes.getBytes(StandardCharsets.ISO_8859_1));
        return this;
    }

    PickleScript repeat(int times, String bytes) {
        return operations(bytes.repeat(times));
    }

    PickleScript text(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        operations("X");
        out.writeBytes(ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(utf8.length)
                .array());
        out.writeBytes(utf8);
        return this;
    }

    PickleScript number(long value) {
        operations("\u008a\u0008");
        out.writeBytes(ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(value)
                .array());
        return this;
    }

    PickleScript global(String module, String name) {
        return operations("c" + module + "\n" + name + "\n");
    }

    /// A view of the storage `0` of `count` floats.
    PickleScript tensor(long count, long offset, long[] shape, long[] strides) {
        global("torch._utils", "_rebuild_tensor_v2").operations("((").text("storage");
        global("torch", "FloatStorage").text("0").text("cpu").number(count).operations("tQ");
        number(offset).numbers(shape).numbers(strides);
        return operations("\u0089)tR");
    }

    private PickleScript numbers(long[] values) {
        operations("(");
        for (long value : values) {
            number(value);
        }
        return operations("t");
    }

    byte[] end() {
        return operations(".").out.toByteArray();
    }
}
