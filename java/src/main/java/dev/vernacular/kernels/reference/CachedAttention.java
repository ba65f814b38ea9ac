package dev.vernacular.kernels.reference;

import dev.vernacular.kernels.AttentionShape;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.memory.StepBlock;
import dev.vernacular.kernels.numbers.Elements;

/// Decoding against a cache of rotated keys and values, [B, kvHeads, capacity, D]. A sequence whose new tokens
/// do not fit sets the step's fault flag and is left alone.
final class CachedAttention {
    private final AttentionShape shape;
    private final int tokens;
    private final int heads;
    private final int kvHeads;
    private final int headSize;
    private final Tensor lengths;
    private final Tensor step;
    private final Rotary rotary;

    CachedAttention(AttentionShape shape, Tensor lengths, Tensor step) {
        this.shape = shape;
        tokens = Math.toIntExact(shape.sequenceLength());
        heads = Math.toIntExact(shape.heads());
        kvHeads = Math.toIntExact(shape.kvHeads());
        headSize = Math.toIntExact(shape.headSize());
        this.lengths = lengths;
        this.step = step;
        rotary = new Rotary(shape, step);
    }

    void append(Tensor keys, Tensor values, Tensor qkv) {
        long capacity = keys.size(2);
        double[] vector = new double[headSize];
        for (int b = 0; b < shape.batch(); b++) {
            int length = Elements.integer(lengths, b);
            if (!fits(length, capacity)) {
                continue;
            }
            for (int t = 0; t < tokens; t++) {
                for (int h = 0; h < kvHeads; h++) {
                    long slot = (((long) b * kvHeads + h) * capacity + length + t) * headSize;
                    Elements.read(vector, qkv, packed(b, t, heads + h));
                    rotary.rotate(vector, length + t);
                    Elements.write(keys, slot, vector);
                    Elements.read(vector, qkv, packed(b, t, heads + kvHeads + h));
                    Elements.write(values, slot, vector);
                }
            }
        }
    }

    void attend(Tensor out, Tensor qkv, Tensor keys, Tensor values) {
        long capacity = keys.size(2);
        for (int b = 0; b < shape.batch(); b++) {
            int length = Elements.integer(lengths, b);
            if (!fits(length, capacity)) {
                continue;
            }
            for (int t = 0; t < tokens; t++) {
                for (int h = 0; h < heads; h++) {
                    double[] query = new double[headSize];
                    Elements.read(query, qkv, packed(b, t, h));
                    rotary.rotate(query, length + t);
                    long cache = ((long) b * kvHeads + h / (heads / kvHeads)) * capacity;
                    double[] attended = attend(query, keys, values, cache, length + t + 1);
                    Elements.write(out, (((long) b * tokens + t) * heads + h) * headSize, attended);
                }
            }
        }
    }

    /// One query against `count` keys from row `cache` on.
    private double[] attend(double[] query, Tensor keys, Tensor values, long cache, int count) {
        double[] scores = new double[count];
        double[] vector = new double[headSize];
        for (int s = 0; s < count; s++) {
            Elements.read(vector, keys, (cache + s) * headSize);
            scores[s] = shape.scale() * Products.dot(query, vector);
        }
        double lse = Attention.logSumExp(scores);
        double[] attended = new double[headSize];
        for (int s = 0; s < count; s++) {
            Elements.read(vector, values, (cache + s) * headSize);
            Products.add(attended, Math.exp(scores[s] - lse), vector);
        }
        return attended;
    }

    private boolean fits(int length, long capacity) {
        boolean fits = length >= 0 && length + (long) tokens <= capacity;
        if (!fits) {
            StepBlock.setFault(step);
        }
        return fits;
    }

    private long packed(int b, int t, int head) {
        return (((long) b * tokens + t) * (heads + 2 * kvHeads) + head) * headSize;
    }
}
