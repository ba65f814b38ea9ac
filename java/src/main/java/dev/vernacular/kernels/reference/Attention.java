package dev.vernacular.kernels.reference;

import dev.vernacular.kernels.AttentionShape;
import dev.vernacular.kernels.Dropout;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.numbers.Elements;

/// Causal softmax attention of one call; q and k are rotated first when there is a rope table.
///
///     forward    s_ts = scale q_t · k_s,   lse_t = log Σ_s e^(s_ts),   p = e^(s - lse),   out_t = Σ_s mask_ts p_ts v_s
///     backward   dp_ts = mask_ts dout_t · v_s,   ds = p (dp - dout_t · out_t),
///                dq_t = scale Σ_s ds k_s,   dk_s = scale Σ_t ds q_t,   dv_s = Σ_t mask_ts p_ts dout_t
///
/// over s from the start of t's document to t. Query heads that share a key head add up in dk and dv.
final class Attention {
    private final AttentionShape shape;
    private final int batch;
    private final int tokens;
    private final int heads;
    private final int kvHeads;
    private final int headSize;
    private final Rotary rotary;
    private final DropoutMask mask;

    Attention(AttentionShape shape, Dropout dropout, Tensor step) {
        this.shape = shape;
        batch = Math.toIntExact(shape.batch());
        tokens = Math.toIntExact(shape.sequenceLength());
        heads = Math.toIntExact(shape.heads());
        kvHeads = Math.toIntExact(shape.kvHeads());
        headSize = Math.toIntExact(shape.headSize());
        rotary = new Rotary(shape, step);
        mask = DropoutMask.of(dropout, step);
    }

    void forward(Tensor out, Tensor logSumExp, Tensor qkv) {
        for (int b = 0; b < batch; b++) {
            for (int h = 0; h < heads; h++) {
                double[][] q = rotated(qkv, b, h);
                double[][] k = rotated(qkv, b, keyHead(h));
                double[][] v = head(qkv, b, keyHead(h) + kvHeads);
                double[] lse = new double[tokens];
                for (int t = 0; t < tokens; t++) {
                    double[] scores = scores(q, k, b, t);
                    lse[t] = logSumExp(scores);
                    double[] attended = new double[headSize];
                    int first = t + 1 - scores.length;
                    for (int s = first; s <= t; s++) {
                        double p = Math.exp(scores[s - first] - lse[t]);
                        Products.add(attended, p * mask.factor(b, element(h, t, s)), v[s]);
                    }
                    Elements.write(out, ((long) (b * tokens + t) * heads + h) * headSize, attended);
                }
                Elements.write(logSumExp, (long) (b * heads + h) * tokens, lse);
            }
        }
    }

    void backward(Tensor dQkv, Tensor dOut, Tensor out, Tensor logSumExp, Tensor qkv) {
        for (int b = 0; b < batch; b++) {
            double[][][] gradients = new double[heads + 2 * kvHeads][tokens][headSize];
            for (int h = 0; h < heads; h++) {
                double[] lse = new double[tokens];
                Elements.read(lse, logSumExp, (long) (b * heads + h) * tokens);
                backward(gradients, b, h, lse, dOut, out, qkv);
            }
            for (int packed = 0; packed < gradients.length; packed++) {
                for (int t = 0; t < tokens; t++) {
                    double[] gradient = gradients[packed][t];
                    if (packed < heads + kvHeads) {
                        rotary.rotateBack(gradient, position(b, t));
                    }
                    Elements.write(dQkv, offset(b, t, packed), gradient);
                }
            }
        }
    }

    private void backward(double[][][] gradients, int b, int h, double[] lse, Tensor dOut, Tensor out, Tensor qkv) {
        double[][] q = rotated(qkv, b, h);
        double[][] k = rotated(qkv, b, keyHead(h));
        double[][] v = head(qkv, b, keyHead(h) + kvHeads);
        double[][] dQ = gradients[h];
        double[][] dK = gradients[keyHead(h)];
        double[][] dV = gradients[keyHead(h) + kvHeads];
        double[] gradient = new double[headSize];
        double[] attended = new double[headSize];
        for (int t = 0; t < tokens; t++) {
            Elements.read(gradient, dOut, ((long) (b * tokens + t) * heads + h) * headSize);
            Elements.read(attended, out, ((long) (b * tokens + t) * heads + h) * headSize);
            double delta = Products.dot(gradient, attended);
            double[] scores = scores(q, k, b, t);
            int first = t + 1 - scores.length;
            for (int s = first; s <= t; s++) {
                double p = Math.exp(scores[s - first] - lse[t]);
                double factor = mask.factor(b, element(h, t, s));
                double dScore = p * (factor * Products.dot(gradient, v[s]) - delta) * shape.scale();
                Products.add(dQ[t], dScore, k[s]);
                Products.add(dK[s], dScore, q[t]);
                Products.add(dV[s], p * factor, gradient);
            }
        }
    }

    /// Scaled scores of token t against keys `first ..= t`.
    private double[] scores(double[][] q, double[][] k, int b, int t) {
        int first = 0;
        if (shape.documentStarts().isPresent()) {
            first = Math.clamp(Elements.integer(shape.documentStarts(), (long) b * tokens + t), 0, t);
        }
        double[] scores = new double[t + 1 - first];
        for (int s = first; s <= t; s++) {
            scores[s - first] = shape.scale() * Products.dot(q[t], k[s]);
        }
        return scores;
    }

    static double logSumExp(double[] scores) {
        double largest = Double.NEGATIVE_INFINITY;
        for (double score : scores) {
            largest = Math.max(largest, score);
        }
        double sum = 0;
        for (double score : scores) {
            sum += Math.exp(score - largest);
        }
        return largest + Math.log(sum);
    }

    private double[][] rotated(Tensor qkv, int b, int packed) {
        double[][] vectors = head(qkv, b, packed);
        for (int t = 0; t < tokens; t++) {
            rotary.rotate(vectors[t], position(b, t));
        }
        return vectors;
    }

    private double[][] head(Tensor qkv, int b, int packed) {
        double[][] vectors = new double[tokens][headSize];
        for (int t = 0; t < tokens; t++) {
            Elements.read(vectors[t], qkv, offset(b, t, packed));
        }
        return vectors;
    }

    /// The key head of a query head, counted in the packed row.
    private int keyHead(int h) {
        return heads + h / (heads / kvHeads);
    }

    private long offset(int b, int t, int packed) {
        return ((long) (b * tokens + t) * (heads + 2 * kvHeads) + packed) * headSize;
    }

    private long position(int b, int t) {
        return shape.positions().isPresent() ? Elements.integer(shape.positions(), (long) b * tokens + t) : t;
    }

    private long element(int h, int t, int s) {
        return ((long) h * tokens + t) * tokens + s;
    }
}
