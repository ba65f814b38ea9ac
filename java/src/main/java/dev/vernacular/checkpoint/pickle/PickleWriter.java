package dev.vernacular.checkpoint.pickle;

import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/// Writes plain data as a pickle of protocol 2, in the operations that `torch.load(weights_only=True)` accepts.
/// The same data gives the same bytes.
///
/// Accepted are the kinds [PickleReader] gives, but for [PickledObject]; an [Extension] adds others (tensors).
public final class PickleWriter {
    private static final int DEEPEST = 200;
    private static final int BATCH = 1000;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final Extension extension;
    private int depth;

    /// Writes kinds of values that pickles do not know.
    @FunctionalInterface
    public interface Extension {
        /// @return false if `value` is not its kind; nothing is written then
        boolean write(PickleWriter writer, Object value);
    }

    private PickleWriter(Extension extension) {
        this.extension = extension;
    }

    /// @throws PickleException if `root` holds something that cannot be written
    public static byte[] write(Object root, Extension extension) {
        PickleWriter writer = new PickleWriter(extension);
        writer.operation(0x80);
        writer.operation(2);
        writer.value(root);
        writer.operation('.');
        return writer.out.toByteArray();
    }

    /// Writes any value.
    public void value(Object value) {
        depth++;
        if (depth > DEEPEST) {
            throw new PickleException("cannot write data nested deeper than " + DEEPEST + " levels as a pickle");
        }
        if (!extension.write(this, value)) {
            plain(value);
        }
        depth--;
    }

    /// Writes `function(*arguments)`.
    public void call(Global function, Object... arguments) {
        value(function);
        value(Tuple.of(arguments));
        operation('R');
    }

    /// Starts a tuple whose items follow one by one, up to [#endTuple()].
    public void begin() {
        operation('(');
    }

    public void endTuple() {
        operation('t');
    }

    /// Calls the function written before the last tuple with that tuple's items.
    public void apply() {
        operation('R');
    }

    /// Writes a reference to a persistent id.
    public void persistent(Object id) {
        value(id);
        operation('Q');
    }

    private void plain(Object value) {
        switch (value) {
            case null -> operation('N');
            case Boolean flag -> operation(flag ? 0x88 : 0x89);
            case Integer number -> integer(number);
            case Long number -> integer(number);
            case BigInteger number -> longInteger(number);
            case Float number -> floating(number);
            case Double number -> floating(number);
            case String text -> string(text);
            case byte[] bytes ->
                call(new Global("_codecs", "encode"), new String(bytes, StandardCharsets.ISO_8859_1), "latin1");
            case Global global -> global(global);
            case Tuple tuple -> tuple(tuple.items());
            case Map<?, ?> map -> map(map);
            case List<?> list -> list(list);
            default ->
                throw new PickleException("cannot write a " + value.getClass().getName() + " as a pickle");
        }
    }

    private void operation(int code) {
        out.write(code);
    }

    private void integer(long value) {
        if (value >= 0 && value < 1 << 8) {
            operation('K');
            operation((int) value);
        } else if (value >= 0 && value < 1 << 16) {
            operation('M');
            bytes(little(2).putShort((short) value));
        } else if (value == (int) value) {
            operation('J');
            bytes(little(4).putInt((int) value));
        } else {
            longInteger(BigInteger.valueOf(value));
        }
    }

    private void longInteger(BigInteger value) {
        byte[] bigEndian = value.toByteArray();
        if (bigEndian.length > 255) {
            throw new PickleException("cannot write an integer of " + bigEndian.length + " bytes");
        }
        operation(0x8a);
        operation(bigEndian.length);
        for (int i = bigEndian.length - 1; i >= 0; i--) {
            operation(bigEndian[i]);
        }
    }

    private void floating(double value) {
        operation('G');
        bytes(little(8).order(ByteOrder.BIG_ENDIAN).putDouble(value));
    }

    private void string(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        operation('X');
        bytes(little(4).putInt(utf8.length));
        out.writeBytes(utf8);
    }

    private void global(Global global) {
        operation('c');
        out.writeBytes((global.module() + "\n" + global.name() + "\n").getBytes(StandardCharsets.UTF_8));
    }

    private void tuple(List<Object> items) {
        if (items.size() > 3) {
            operation('(');
        }
        items.forEach(this::value);
        operation(
                switch (items.size()) {
                    case 0 -> ')';
                    case 1 -> 0x85;
                    case 2 -> 0x86;
                    case 3 -> 0x87;
                    default -> 't';
                });
    }

    /// Batches keep the reader's stack short, as Python's own writer does.
    private void list(List<?> items) {
        operation(']');
        for (int from = 0; from < items.size(); from += BATCH) {
            operation('(');
            items.subList(from, Math.min(from + BATCH, items.size())).forEach(this::value);
            operation('e');
        }
    }

    private void map(Map<?, ?> map) {
        operation('}');
        Iterator<? extends Map.Entry<?, ?>> entries = map.entrySet().iterator();
        while (entries.hasNext()) {
            operation('(');
            for (int i = 0; i < BATCH && entries.hasNext(); i++) {
                Map.Entry<?, ?> entry = entries.next();
                value(entry.getKey());
                value(entry.getValue());
            }
            operation('u');
        }
    }

    private static ByteBuffer little(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    private void bytes(ByteBuffer buffer) {
        out.writeBytes(buffer.array());
    }
}
