package dev.vernacular.checkpoint.pickle;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Reads a pickle (protocols 2 to 5) as data: a stack machine that never calls or loads anything.
///
/// None is null, int `Long` or `BigInteger`, float `Double`, bool, str, bytes `byte[]`, list `ArrayList`, tuple
/// [Tuple], dict and its kin `LinkedHashMap`, set `LinkedHashSet`; a class or function is a [Global]; what a
/// [Reconstructor] does not rebuild is a [PickledObject]. The machine has no recursion, so no input can
/// overflow the Java stack, and [PickleBudget] bounds its memory and its time.
///
/// @see <a href="https://docs.python.org/3/library/pickletools.html">pickletools, for the operations</a>
public final class PickleReader {
    private static final int LONGEST_INTEGER = 1024;
    private static final Object MARK = new Object();
    private final PickleInput in;
    private final Reconstructor reconstructor;
    private final List<Object> stack = new ArrayList<>();
    private final Map<Long, Object> memo = new HashMap<>();
    private final PickleBudget budget;
    private long at;

    private PickleReader(PickleInput in, PickleBudget budget, Reconstructor reconstructor) {
        this.in = in;
        this.budget = budget;
        this.reconstructor = reconstructor;
    }

    /// @param label names the file in errors
    /// @throws PickleException if the pickle is cut short, malformed or over a limit, naming the byte
    public static Object read(byte[] pickle, String label, Reconstructor reconstructor) {
        PickleReader reader =
                new PickleReader(new PickleInput(pickle, label), new PickleBudget(pickle.length), reconstructor);
        try {
            return reader.run();
        } catch (IllegalArgumentException e) {
            throw reader.error(e.getMessage());
        }
    }

    private Object run() {
        while (true) {
            at = in.position();
            int operation = in.u8();
            if (operation == '.') {
                Object result = pop();
                if (!stack.isEmpty()) {
                    throw error("the pickle ends with " + stack.size() + " values left over");
                }
                return result;
            }
            step(operation);
        }
    }

    private void step(int operation) {
        budget.operation();
        switch (operation) {
            case 0x80 -> requireProtocol(in.u8());
            case 0x95 -> in.skipFrameHeader();
            case '(' -> stack.add(MARK);
            case '0' -> pop();
            case '1' -> popToMark();
            case '2' -> push(top());

            case 'N' -> push(null);
            case 0x88 -> push(true);
            case 0x89 -> push(false);
            case 'K' -> push((long) in.u8());
            case 'M' -> push((long) in.u16());
            case 'J' -> push((long) (int) in.u32());
            case 0x8a -> push(integer(in.bytes(in.u8())));
            case 0x8b -> push(integer(in.bytes(in.u32())));
            case 'G' -> push(in.bigEndianDouble());
            case 'X' -> push(in.utf8(in.u32()));
            case 0x8c -> push(in.utf8(in.u8()));
            case 0x8d -> push(in.utf8(in.i64()));
            case 'U' -> push(in.latin1(in.u8()));
            case 'T' -> push(in.latin1(in.u32()));
            case 'C' -> push(in.bytes(in.u8()));
            case 'B' -> push(in.bytes(in.u32()));
            case 0x8e, 0x96 -> push(in.bytes(in.i64()));

            case '}' -> push(new LinkedHashMap<>());
            case ']' -> push(new ArrayList<>());
            case 0x8f -> push(new LinkedHashSet<>());
            case ')' -> push(Tuple.of());
            case 0x85 -> push(tuple(1));
            case 0x86 -> push(tuple(2));
            case 0x87 -> push(tuple(3));
            case 't' -> push(new Tuple(popToMark()));
            case 'l' -> push(popToMark());
            case 'a' -> appendAll(popItems(1));
            case 'e' -> appendAll(popToMark());
            case 's' -> putAll(popItems(2));
            case 'u' -> putAll(popToMark());
            case 0x90 -> addAll(popToMark());

            case 'q' -> memo.put((long) in.u8(), top());
            case 'r' -> memo.put(in.u32(), top());
            case 0x94 -> memo.put((long) memo.size(), top());
            case 'h' -> push(recall(in.u8()));
            case 'j' -> push(recall(in.u32()));

            case 'c' -> push(new Global(in.line(), in.line()));
            case 0x93 -> stackGlobal();
            case 'R', 0x81 -> call(popArguments());
            case 0x92 -> callWithKeywords();
            case 'b' -> build(pop());
            case 'Q' -> push(reconstructor.persistent(pop()));
            default -> throw error("operation 0x%02x is none of protocols 2 to 5".formatted(operation));
        }
    }

    private void requireProtocol(int protocol) {
        if (protocol < 2 || protocol > 5) {
            throw error("pickle protocol " + protocol + " is none of 2 to 5");
        }
    }

    private void push(Object value) {
        stack.add(value);
    }

    private Object top() {
        if (stack.isEmpty() || stack.getLast() == MARK) {
            throw error("a value is wanted, the stack has none");
        }
        return stack.getLast();
    }

    private Object pop() {
        Object value = top();
        stack.removeLast();
        return value;
    }

    /// The last `count` values, in order.
    private List<Object> popItems(int count) {
        List<Object> items = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            items.addFirst(pop());
        }
        return items;
    }

    /// The values above the last mark, in order; the mark goes too.
    private List<Object> popToMark() {
        int mark = stack.size() - 1;
        while (mark >= 0 && stack.get(mark) != MARK) {
            mark--;
        }
        if (mark < 0) {
            throw error("a mark is wanted, the stack has none");
        }
        List<Object> above = stack.subList(mark + 1, stack.size());
        List<Object> items = new ArrayList<>(above);
        above.clear();
        stack.removeLast();
        return items;
    }

    private Tuple tuple(int size) {
        return new Tuple(popItems(size));
    }

    private static Object integer(byte[] littleEndian) {
        if (littleEndian.length > LONGEST_INTEGER) {
            throw new IllegalArgumentException(
                    "an integer of " + littleEndian.length + " bytes is over the limit of " + LONGEST_INTEGER);
        }
        byte[] bigEndian = new byte[littleEndian.length];
        for (int i = 0; i < bigEndian.length; i++) {
            bigEndian[i] = littleEndian[littleEndian.length - 1 - i];
        }
        BigInteger value = bigEndian.length == 0 ? BigInteger.ZERO : new BigInteger(bigEndian);
        if (value.bitLength() < Long.SIZE) {
            return value.longValue();
        }
        return value;
    }

    private Object recall(long index) {
        if (!memo.containsKey(index)) {
            throw error("value " + index + " is recalled, it was never stored");
        }
        return memo.get(index);
    }

    private void appendAll(List<Object> items) {
        switch (top()) {
            case PickledObject object -> items.forEach(object::append);
            case ArrayList<?> list -> this.<List<Object>>cast(list).addAll(items);
            case null, default -> throw error("items are appended to something that is no list");
        }
    }

    private void addAll(List<Object> items) {
        if (!(top() instanceof Set<?> set)) {
            throw error("items are added to something that is no set");
        }
        for (Object item : items) {
            budget.key(PythonTypes.hashable(item), set.size());
            this.<Set<Object>>cast(set).add(item);
        }
    }

    private void putAll(List<Object> keysAndValues) {
        if (keysAndValues.size() % 2 != 0) {
            throw error("a dict is given a key without a value");
        }
        Object target = top();
        for (int i = 0; i < keysAndValues.size(); i += 2) {
            Object key = PythonTypes.hashable(keysAndValues.get(i));
            Object value = keysAndValues.get(i + 1);
            switch (target) {
                case PickledObject object -> {
                    budget.key(key, object.entries().size());
                    object.put(key, value);
                }
                case Map<?, ?> map -> {
                    budget.key(key, map.size());
                    this.<Map<Object, Object>>cast(map).put(key, value);
                }
                case null, default -> throw error("entries are set in something that is no dict");
            }
        }
    }

    private void stackGlobal() {
        if (pop() instanceof String name && pop() instanceof String module) {
            push(new Global(module, name));
        } else {
            throw error("a class is named by something that is no text");
        }
    }

    private List<Object> popArguments() {
        if (pop() instanceof Tuple arguments) {
            return arguments.items();
        }
        throw error("a call has arguments that are no tuple");
    }

    private void callWithKeywords() {
        Object keywords = pop();
        List<Object> arguments = new ArrayList<>(popArguments());
        if (!(keywords instanceof Map<?, ?> map && map.isEmpty())) {
            arguments.add(keywords);
        }
        call(arguments);
    }

    private void call(List<Object> arguments) {
        if (!(pop() instanceof Global function)) {
            throw error("something that is no class or function is called");
        }
        budget.call(arguments);
        Optional<Object> rebuilt = reconstructor.call(function, arguments);
        push(rebuilt.isPresent() ? rebuilt.get() : new PickledObject(function, arguments, at));
    }

    /// Attributes of a dict (a state dict's `_metadata`) are of no use here and are dropped.
    private void build(Object state) {
        switch (top()) {
            case PickledObject object -> object.build(state);
            case Map<?, ?> map -> {}
            case null, default -> throw error("a state is given to something that has none");
        }
    }

    /// Only ever applied to the collections made here, which hold any object.
    @SuppressWarnings("unchecked")
    private <T> T cast(Object collection) {
        return (T) collection;
    }

    private PickleException error(String what) {
        return new PickleException(in.label(), at, what);
    }
}
