package dev.vernacular.kernels.contract;

import static dev.vernacular.kernels.contract.Memory.NONE;
import static dev.vernacular.kernels.contract.Storage.Role.ACTIVATION;
import static dev.vernacular.kernels.contract.Storage.Role.PARAMETER;

import dev.vernacular.kernels.AttentionShape;
import dev.vernacular.kernels.Dropout;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Kernels;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.numbers.Elements;
import dev.vernacular.kernels.reference.ReferenceKernels;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class AttentionContractTest {
    enum Variant {
        PLAIN,
        ROPE,
        ROPE_AT_POSITIONS,
        DOCUMENTS,
        DROPOUT,
        EVERYTHING
    }

    /// B, T, H, key heads, D.
    record Shape(int batch, int tokens, int heads, int kvHeads, int headSize, Variant variant) {
        boolean has(Variant asked) {
            return variant == asked || variant == Variant.EVERYTHING;
        }

        int ropeDims() {
            boolean isRotated = has(Variant.ROPE) || has(Variant.ROPE_AT_POSITIONS);
            return isRotated ? Math.max(2, headSize / 2 / 2 * 2) : 0;
        }

        AttentionShape in(Memory memory) {
            Tensor rope = ropeDims() == 0 ? NONE : memory.input(PARAMETER, rope(), 2, tokens + 5L, ropeDims() / 2);
            Tensor positions = has(Variant.ROPE_AT_POSITIONS)
                    ? memory.randomIntegers("positions", tokens + 5, batch * tokens)
                    : NONE;
            Tensor starts = has(Variant.DOCUMENTS) ? memory.integers(starts()) : NONE;
            float scale = (float) (1 / Math.sqrt(headSize));
            return new AttentionShape(batch, tokens, heads, kvHeads, headSize, scale, rope, positions, starts);
        }

        Dropout dropout() {
            return new Dropout(5, has(Variant.DROPOUT) ? 0.2f : 0, tokens);
        }

        long[] out() {
            return new long[] {batch, tokens, heads, headSize};
        }

        long[] qkv() {
            return new long[] {batch, tokens, heads + 2 * kvHeads, headSize};
        }

        /// What rotation costs where tensor cores multiply: there queries and keys are rounded once more.
        Bound rotation(Target target, Storage storage) {
            boolean isRounded = target.hasTensorCores()
                    && storage.activation() != Dtype.F32
                    && headSize % 8 == 0
                    && headSize <= 128
                    && ropeDims() > 0;
            return isRounded ? Bound.roundedRotation(storage.activation()) : Bound.EXACT;
        }

        private double[] rope() {
            int half = ropeDims() / 2;
            return IntStream.range(0, 2 * (tokens + 5) * half)
                    .mapToDouble(i -> {
                        int position = i / half % (tokens + 5);
                        double angle = position * Math.pow(10_000, -2.0 * (i % half) / ropeDims());
                        boolean isCosine = i < (tokens + 5) * half;
                        return Elements.round(isCosine ? Math.cos(angle) : Math.sin(angle), Dtype.F32);
                    })
                    .toArray();
        }

        /// A document of 5 tokens, then one that starts with every 9th token.
        private int[] starts() {
            return IntStream.range(0, batch * tokens)
                    .map(i -> i % tokens < 5 ? 0 : Math.max(5, i % tokens / 9 * 9))
                    .toArray();
        }
    }

    static Stream<Arguments> cases() {
        return Contract.product(
                Storage.activations(),
                new Shape(1, 1, 1, 1, 1, Variant.PLAIN),
                new Shape(2, 7, 3, 3, 7, Variant.PLAIN),
                new Shape(1, 33, 4, 2, 32, Variant.DROPOUT),
                new Shape(2, 65, 2, 1, 64, Variant.PLAIN),
                new Shape(1, 19, 6, 3, 100, Variant.ROPE),
                new Shape(1, 130, 1, 1, 8, Variant.DOCUMENTS),
                new Shape(1, 5, 2, 2, 256, Variant.PLAIN),
                new Shape(2, 18, 2, 2, 16, Variant.ROPE_AT_POSITIONS),
                new Shape(2, 41, 4, 2, 24, Variant.EVERYTHING),
                // Edges of the CUDA backend's tiles, which hold 32, 64 or 128 tokens, and its padded head sizes.
                new Shape(1, 63, 2, 1, 32, Variant.ROPE),
                new Shape(1, 64, 2, 2, 128, Variant.DROPOUT),
                new Shape(1, 65, 4, 2, 128, Variant.EVERYTHING),
                new Shape(1, 130, 1, 1, 80, Variant.DROPOUT),
                new Shape(1, 132, 2, 1, 64, Variant.DROPOUT),
                new Shape(1, 200, 1, 1, 64, Variant.DOCUMENTS),
                new Shape(1, 131, 2, 1, 64, Variant.EVERYTHING));
    }

    @ParameterizedTest(name = "{0}, {1}, {2}")
    @MethodSource("cases")
    void forward(Target target, Storage storage, Shape shape) {
        Contract.check(target, storage, (kernels, memory) -> {
            Bound outBound = Bound.ATTENTION_OUT.plus(shape.rotation(target, storage));
            Bound lseBound = Bound.LOG_SUM_EXP.plus(shape.rotation(target, storage));
            Tensor out = memory.output(ACTIVATION, "out", outBound, shape.out());
            Tensor lse = memory.output(PARAMETER, "lse", lseBound, shape.batch, shape.heads, shape.tokens);
            Tensor qkv = memory.activation("qkv", shape.qkv());

            kernels.attentionForward(out, lse, qkv, shape.in(memory), shape.dropout());
        });
    }

    @ParameterizedTest(name = "{0}, {1}, {2}")
    @MethodSource("cases")
    void backward(Target target, Storage storage, Shape shape) {
        Saved saved = saved(storage, shape);
        Contract.check(target, storage, (kernels, memory) -> {
            Bound bound = Bound.ATTENTION_GRADIENT.plus(shape.rotation(target, storage));
            Tensor dQkv = memory.output(ACTIVATION, "dQkv", bound, shape.qkv());
            Tensor dOut = memory.activation("dOut", shape.out());
            Tensor out = memory.input(ACTIVATION, saved.out, shape.out());
            Tensor lse = memory.input(PARAMETER, saved.lse, shape.batch, shape.heads, shape.tokens);
            Tensor qkv = memory.activation("qkv", shape.qkv());

            kernels.attentionBackward(dQkv, dOut, out, lse, qkv, shape.in(memory), shape.dropout());
        });
    }

    /// What forward leaves, rounded as it is stored.
    private record Saved(double[] out, double[] lse) {}

    private static Saved saved(Storage storage, Shape shape) {
        try (Memory memory = new Memory(storage, false)) {
            Tensor out = memory.output(ACTIVATION, "out", Bound.EXACT, shape.out());
            Tensor lse = memory.output(PARAMETER, "lse", Bound.EXACT, shape.batch, shape.heads, shape.tokens);
            Tensor qkv = memory.activation("qkv", shape.qkv());
            Kernels reference = new ReferenceKernels();
            Contract.run(
                    reference,
                    memory,
                    (kernels, same) -> kernels.attentionForward(out, lse, qkv, shape.in(memory), shape.dropout()));
            return new Saved(Elements.all(out), Elements.all(lse));
        }
    }

    /// Rows of a cache, new tokens a sequence, and its length.
    record Decoding(
            int capacity, int tokens, int heads, int kvHeads, int headSize, boolean isRotated, int... lengths) {
        AttentionShape in(Memory memory) {
            Shape shape = new Shape(
                    lengths.length, capacity, heads, kvHeads, headSize, isRotated ? Variant.ROPE : Variant.PLAIN);
            Tensor rope = shape.in(memory).rope();
            float scale = (float) (1 / Math.sqrt(headSize));
            return new AttentionShape(lengths.length, tokens, heads, kvHeads, headSize, scale, rope, NONE, NONE);
        }

        long[] cache() {
            return new long[] {lengths.length, kvHeads, capacity, headSize};
        }

        Tensor qkv(Memory memory) {
            return memory.activation("qkv", lengths.length, tokens, heads + 2L * kvHeads, headSize);
        }
    }

    static Stream<Arguments> decodings() {
        return Contract.product(
                Storage.activations(),
                new Decoding(41, 1, 1, 1, 1, false, 0),
                new Decoding(41, 1, 3, 3, 7, false, 0, 5, 40),
                new Decoding(41, 5, 4, 2, 32, true, 36, 0),
                new Decoding(41, 1, 4, 1, 64, true, 17, 3, 30),
                new Decoding(41, 33, 2, 2, 100, false, 8),
                // Longer than what a block of the CUDA backend reads; then with blocks enough to read all.
                new Decoding(256, 1, 2, 2, 64, true, 255, 0, 128),
                new Decoding(250, 3, 6, 2, 80, false, 127, 126, 247),
                new Decoding(140, 128, 16, 16, 8, false, 12));
    }

    @ParameterizedTest(name = "{0}, {1}, {2}")
    @MethodSource("decodings")
    void appending(Target target, Storage storage, Decoding shape) {
        Contract.check(target, storage, (kernels, memory) -> {
            Tensor keys = memory.updated(ACTIVATION, "keys", 1, Bound.RESIDUAL_SUM, shape.cache());
            Tensor values = memory.updated(ACTIVATION, "values", 1, Bound.EXACT, shape.cache());

            kernels.kvAppend(keys, values, shape.qkv(memory), memory.integers(shape.lengths), shape.in(memory));
        });
    }

    @ParameterizedTest(name = "{0}, {1}, {2}")
    @MethodSource("decodings")
    void decoding(Target target, Storage storage, Decoding shape) {
        Contract.check(target, storage, (kernels, memory) -> {
            Tensor out = memory.output(
                    ACTIVATION,
                    "out",
                    Bound.ATTENTION_OUT,
                    shape.lengths.length,
                    shape.tokens,
                    shape.heads,
                    shape.headSize);
            Tensor keys = memory.activation("keys", shape.cache());
            Tensor values = memory.activation("values", shape.cache());

            kernels.decodeAttention(
                    out, shape.qkv(memory), keys, values, memory.integers(shape.lengths), shape.in(memory));
        });
    }
}
