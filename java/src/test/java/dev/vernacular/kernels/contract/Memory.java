package dev.vernacular.kernels.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Kernels;
import dev.vernacular.kernels.RowGroups;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.Weight;
import dev.vernacular.kernels.contract.Storage.Role;
import dev.vernacular.kernels.memory.CpuDevice;
import dev.vernacular.kernels.memory.Device;
import dev.vernacular.kernels.numbers.Elements;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;

/// The tensors of one run of an operation. A tensor's values follow from its name, so a run on a backend and
/// one on the reference in double see the same numbers, rounded to the backend's dtypes. Guard bytes lie around
/// every tensor, whose address is aligned to its elements and to no more, or as it is on a device; outputs are
/// NaN until they are written.
final class Memory implements AutoCloseable {
    static final Tensor NONE = Tensor.NONE;
    private static final long GUARD = 64;
    private static final Device HOST = new CpuDevice();
    private static final byte GUARD_BYTE = (byte) 0xA5;
    private final Storage storage;
    private final boolean inDouble;
    private final long alignment;
    private final Device device;
    private final Arena arena = Arena.ofConfined();
    private final List<MemorySegment> guards = new ArrayList<>();
    private final Map<Tensor, byte[]> inputs = new LinkedHashMap<>();
    private final Map<String, Output> outputs = new LinkedHashMap<>();

    /// What an operation writes, and how exact it has to be.
    record Output(Tensor tensor, Bound bound) {}

    Memory(Storage storage, boolean inDouble) {
        this(storage, inDouble, 0, HOST);
    }

    /// @param alignment of the tensors' addresses in bytes, 0: that of their elements
    /// @param device    whose kernels run
    Memory(Storage storage, boolean inDouble, long alignment, Device device) {
        this.storage = storage;
        this.inDouble = inDouble;
        this.alignment = alignment;
        this.device = device;
    }

    boolean isDouble() {
        return inDouble;
    }

    /// Normally distributed values that are only read.
    Tensor input(Role role, String name, double deviation, long... shape) {
        return input(role, values(role, name, deviation, shape), shape);
    }

    Tensor input(Role role, double[] values, long... shape) {
        Tensor tensor = filled(role, values, shape);
        inputs.put(tensor, bytes(tensor));
        return tensor;
    }

    Tensor activation(String name, long... shape) {
        return input(Role.ACTIVATION, name, 1, shape);
    }

    Tensor parameter(String name, long... shape) {
        return input(Role.PARAMETER, name, 1, shape);
    }

    /// A master whose values the activations' type can hold.
    Weight weight(String name, long rows, long cols) {
        double[] values = values(Role.ACTIVATION, name, 1, rows, cols);
        return Weight.ofMaster(input(Role.PARAMETER, values, rows, cols));
    }

    /// The same with the compute copy from which the backend trains, if it wants one.
    Weight weight(Kernels kernels, String name, long rows, long cols) {
        Weight weight = weight(name, rows, cols);
        Dtype dtype = storage.activation();
        long copyBytes = inDouble ? 0 : kernels.computeCopyBytes(rows, cols, dtype, true);
        if (copyBytes == 0) {
            return weight;
        }
        Weight withCopy = new Weight(weight.master(), bytes(copyBytes, 256), dtype, rows, cols);
        kernels.computeCopyRefresh(withCopy, weight.master());
        return withCopy;
    }

    Tensor integers(int... values) {
        Tensor tensor = tensor(Dtype.I32, values.length);
        Elements.write(tensor, 0, IntStream.of(values).asDoubleStream().toArray());
        inputs.put(tensor, bytes(tensor));
        return tensor;
    }

    /// Integers in 0 .. limit - 1.
    Tensor randomIntegers(String name, int limit, int count) {
        return integers(new Random(name.hashCode()).ints(count, 0, limit).toArray());
    }

    Tensor output(Role role, String name, Bound bound, long... shape) {
        Tensor tensor = tensor(inDouble ? Dtype.F64 : storage.of(role), shape);
        tensor.segment().fill((byte) 0xFF);
        outputs.put(name, new Output(tensor, bound));
        return tensor;
    }

    Tensor integerOutput(String name, long... shape) {
        Tensor tensor = tensor(Dtype.I32, shape);
        tensor.segment().fill((byte) 0xFF);
        outputs.put(name, new Output(tensor, Bound.EXACT));
        return tensor;
    }

    /// Normally distributed values that are read and written.
    Tensor updated(Role role, String name, double deviation, Bound bound, long... shape) {
        return updated(role, values(role, name, deviation, shape), name, bound, shape);
    }

    Tensor updated(Role role, double[] values, String name, Bound bound, long... shape) {
        Tensor tensor = filled(role, values, shape);
        outputs.put(name, new Output(tensor, bound));
        return tensor;
    }

    /// A gradient that is added to, or written over NaN.
    Tensor gradient(String name, Bound bound, boolean accumulate, long... shape) {
        return accumulate ? updated(Role.PARAMETER, name, 1, bound, shape) : output(Role.PARAMETER, name, bound, shape);
    }

    /// Rows grouped by key as the batch builder does it.
    RowGroups groups(Tensor keys) {
        int rows = Math.toIntExact(keys.elements());
        int[] order = IntStream.range(0, rows)
                .boxed()
                .sorted((a, b) -> Integer.compare(Elements.integer(keys, a), Elements.integer(keys, b)))
                .mapToInt(Integer::intValue)
                .toArray();
        int[] starts = new int[rows + 1];
        Arrays.fill(starts, rows);
        int group = 0;
        for (int i = 0; i < rows; i++) {
            if (i == 0 || Elements.integer(keys, order[i]) != Elements.integer(keys, order[i - 1])) {
                starts[group++] = i;
            }
        }
        return new RowGroups(integers(order), integers(starts));
    }

    /// Bytes of any kind, zero.
    Tensor bytes(long count, long alignment) {
        MemorySegment block = device.sharedMemory(count + 2 * alignment, arena);
        block.fill(GUARD_BYTE);
        MemorySegment inside = block.asSlice(alignment, count);
        inside.fill((byte) 0);
        guards.add(block.asSlice(0, alignment));
        guards.add(block.asSlice(alignment + count));
        return new Tensor(inside, Dtype.I8, count);
    }

    /// Waits until the host sees what the kernels wrote.
    void synchronize() {
        device.synchronize();
    }

    Map<String, Output> outputs() {
        return outputs;
    }

    void assertOnlyOutputsWereWritten() {
        assertThat(guards).as("guard bytes").allMatch(Memory::isIntact);
        inputs.forEach((tensor, before) -> assertThat(Arrays.equals(bytes(tensor), before))
                .as("an input is as it was")
                .isTrue());
    }

    private static boolean isIntact(MemorySegment guard) {
        for (long i = 0; i < guard.byteSize(); i++) {
            if (guard.get(ValueLayout.JAVA_BYTE, i) != GUARD_BYTE) {
                return false;
            }
        }
        return true;
    }

    static byte[] bytes(Tensor tensor) {
        return tensor.segment().toArray(ValueLayout.JAVA_BYTE);
    }

    @Override
    public void close() {
        arena.close();
    }

    private double[] values(Role role, String name, double deviation, long... shape) {
        Random random = new Random(name.hashCode());
        int count = Math.toIntExact(Arrays.stream(shape).reduce(1, (a, b) -> a * b));
        return random.doubles(count)
                .map(ignored -> Elements.round(random.nextGaussian() * deviation, storage.of(role)))
                .toArray();
    }

    private Tensor filled(Role role, double[] values, long... shape) {
        Tensor tensor = tensor(inDouble ? Dtype.F64 : storage.of(role), shape);
        Elements.write(tensor, 0, values);
        return tensor;
    }

    private Tensor tensor(Dtype dtype, long... shape) {
        long count = Arrays.stream(shape).reduce(dtype.bytes(), (a, b) -> a * b);
        long before = Math.max(alignment, GUARD) + (alignment == 0 ? dtype.bytes() : 0);
        MemorySegment block = device.sharedMemory(before + count + GUARD, arena);
        block.fill(GUARD_BYTE);
        guards.add(block.asSlice(0, before));
        guards.add(block.asSlice(before + count));
        return new Tensor(block.asSlice(before, count), dtype, shape);
    }
}
