package dev.vernacular.checkpoint.fuzz;

import dev.vernacular.checkpoint.fuzz.Template.Part;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/// Takes a GGUF file apart: its keys and values change, their lengths and the place of the data fit.
final class GgufParts {
    private static final int ALIGNMENT = 32;
    private static final int STRING = 8;
    private static final int ARRAY = 9;
    private static final int[] WIDTH = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

    private final ByteBuffer in;
    private final List<Part> parts = new ArrayList<>();

    private GgufParts(byte[] file) {
        in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    }

    static Template of(String name, byte[] file) {
        return new GgufParts(file).template(name);
    }

    private Template template(String name) {
        parts.add(Part.binary("head", taken(8 + 8 + 8)));
        long tensors = in.getLong(8);
        for (long keys = in.getLong(16); keys > 0; keys--) {
            String key = new String(text(), java.nio.charset.StandardCharsets.UTF_8);
            parts.add(Part.text("key " + key, key.getBytes(java.nio.charset.StandardCharsets.UTF_8)));
            value(key);
        }
        int table = in.position();
        for (long i = 0; i < tensors; i++) {
            text();
            in.position(in.position() + 4 + 8 * in.getInt(in.position()) + 4 + 8);
        }
        int end = in.position();
        in.position(table);
        parts.add(Part.text("table", taken(end - table)));
        in.position((end + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
        parts.add(Part.constant("data", taken(in.remaining())));
        return new Template(name, List.copyOf(parts), GgufParts::assembled);
    }

    /// The type, then a value without its length if it is a text.
    private void value(String key) {
        int start = in.position();
        int type = in.getInt();
        if (type == STRING) {
            parts.add(Part.constant("type", new byte[] {STRING, 0, 0, 0}));
            parts.add(Part.text("value of " + key, text()));
            return;
        }
        if (type == ARRAY) {
            int elements = in.getInt();
            for (long count = in.getLong(); count > 0; count--) {
                skip(elements);
            }
        } else {
            skip(type);
        }
        int end = in.position();
        in.position(start);
        parts.add(Part.constant("type", new byte[0]));
        parts.add(Part.text("value of " + key, taken(end - start)));
    }

    private void skip(int type) {
        in.position(in.position() + (type == STRING ? 8 + (int) in.getLong(in.position()) : WIDTH[type]));
    }

    private byte[] text() {
        return taken((int) in.getLong());
    }

    private byte[] taken(int length) {
        byte[] bytes = new byte[length];
        in.get(bytes);
        return bytes;
    }

    private static byte[] assembled(List<byte[]> parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(1 << 15);
        out.writeBytes(parts.getFirst());
        for (int i = 1; i < parts.size() - 2; i += 3) {
            out.writeBytes(length(parts.get(i)));
            out.writeBytes(parts.get(i));
            out.writeBytes(parts.get(i + 1));
            out.writeBytes(parts.get(i + 1).length > 0 ? length(parts.get(i + 2)) : new byte[0]);
            out.writeBytes(parts.get(i + 2));
        }
        out.writeBytes(parts.get(parts.size() - 2));
        out.writeBytes(new byte[(ALIGNMENT - out.size() % ALIGNMENT) % ALIGNMENT]);
        out.writeBytes(parts.getLast());
        return out.toByteArray();
    }

    private static byte[] length(byte[] text) {
        return ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(text.length)
                .array();
    }
}
