package dev.vernacular.kernels.reference;

import dev.vernacular.kernels.Sampling;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.memory.StepBlock;
import dev.vernacular.kernels.numbers.Elements;
import dev.vernacular.kernels.numbers.Philox;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.IntStream;

/// Choice of the next token of each row. Kept tokens lie side by side in id order on [0, their mass); the one
/// drawn is where `u * mass` falls, u being the row's first Philox word over 2^32.
final class Sampler {
    private static final double WORDS = 0x1p32;

    private Sampler() {}

    static void sample(Tensor ids, Tensor logprobs, Tensor logits, int columns, Sampling sampling, long draw) {
        long padded = logits.size(-1);
        double[] row = new double[columns];
        for (int r = 0; r < logits.rows(); r++) {
            Elements.read(row, logits, r * padded);
            int id = sampling.temperature() == 0 ? highest(row) : drawn(row, sampling, draw, r);
            Elements.write(ids, r, new double[] {id});
            if (logprobs.isPresent()) {
                Elements.write(logprobs, r, new double[] {row[id] - Attention.logSumExp(row)});
            }
        }
    }

    private static int highest(double[] row) {
        int best = 0;
        for (int v = 1; v < row.length; v++) {
            if (row[v] > row[best]) {
                best = v;
            }
        }
        return best;
    }

    private static int drawn(double[] row, Sampling sampling, long draw, int r) {
        double largest = row[highest(row)];
        double[] mass = new double[row.length];
        for (int v = 0; v < row.length; v++) {
            mass[v] = Math.exp((row[v] - largest) / sampling.temperature());
        }
        keepTopK(mass, sampling.topK());
        keepTopP(mass, sampling.topP());
        int[] words = new int[4];
        Philox.generate(words, sampling.seed(), (int) draw, r, 0, 0);
        double target =
                Integer.toUnsignedLong(words[0]) / WORDS * Arrays.stream(mass).sum();
        double below = 0;
        int last = 0;
        for (int v = 0; v < mass.length; v++) {
            below += mass[v];
            if (mass[v] > 0) {
                last = v;
                if (below > target) {
                    return v;
                }
            }
        }
        return last;
    }

    /// The k largest; those equal to the k-th stay.
    private static void keepTopK(double[] mass, long k) {
        if (k > 0 && k < mass.length) {
            double[] sorted = mass.clone();
            Arrays.sort(sorted);
            double kth = sorted[mass.length - (int) k];
            for (int v = 0; v < mass.length; v++) {
                mass[v] = mass[v] < kth ? 0 : mass[v];
            }
        }
    }

    /// The smallest set, by falling probability, whose share exceeds p; among equals the lower id comes first.
    private static void keepTopP(double[] mass, double p) {
        if (p > 0 && p < 1) {
            double total = Arrays.stream(mass).sum();
            int[] order = IntStream.range(0, mass.length)
                    .boxed()
                    .sorted(Comparator.comparingDouble(v -> -mass[v]))
                    .mapToInt(Integer::intValue)
                    .toArray();
            double above = 0;
            for (int v : order) {
                boolean enough = above > p * total;
                above += mass[v];
                mass[v] = enough ? 0 : mass[v];
            }
        }
    }

    /// An id out of range sets the step's fault flag and is passed over; so does a length, with its row.
    static void penalizeRepetition(Tensor logits, Tensor previous, Tensor lengths, double penalty, Tensor step) {
        int padded = Math.toIntExact(logits.size(-1));
        long capacity = previous.size(-1);
        double[] row = new double[padded];
        for (long r = 0; r < logits.rows(); r++) {
            Elements.read(row, logits, r * padded);
            Set<Integer> seen = new HashSet<>();
            int count = Elements.integer(lengths, r);
            if (count < 0 || count > capacity) {
                StepBlock.setFault(step);
                continue;
            }
            for (long i = 0; i < count; i++) {
                int id = Elements.integer(previous, r * capacity + i);
                if (id < 0 || id >= padded) {
                    StepBlock.setFault(step);
                } else if (seen.add(id)) {
                    row[id] = row[id] > 0 ? row[id] / penalty : row[id] * penalty;
                }
            }
            Elements.write(logits, r * padded, row);
        }
    }
}
