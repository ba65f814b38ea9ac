package dev.vernacular.kernels.reference;

import dev.vernacular.kernels.Dropout;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.memory.StepBlock;
import dev.vernacular.kernels.numbers.Philox;

/// Which elements a dropout keeps, as factors: 0, or `1 / (1 - probability)`.
///
/// Element e of global sample s is kept when word `e mod 4` of Philox4x32-10 with key = the step's seed and
/// counter = (s low, s high, site, e / 4) is at least `probability * 2^32`.
final class DropoutMask {
    private static final double WORDS = 0x1p32;
    private final Dropout dropout;
    private final long seed;
    private final long firstSample;
    private final double threshold;
    private final double kept;
    private final int[] words = new int[4];
    private long drawnSample = -1;
    private long drawnBlock = -1;

    private DropoutMask(Dropout dropout, long seed, long firstSample) {
        this.dropout = dropout;
        this.seed = seed;
        this.firstSample = firstSample;
        threshold = dropout.probability() * WORDS;
        kept = 1 / (1 - (double) dropout.probability());
    }

    /// @param step the bound step block; not read when nothing is dropped
    static DropoutMask of(Dropout dropout, Tensor step) {
        boolean draws = dropout.probability() > 0;
        return new DropoutMask(dropout, draws ? StepBlock.seed(step) : 0, draws ? StepBlock.firstSample(step) : 0);
    }

    /// Multiplies row `row` of a [rows, C] tensor by its factors.
    void apply(double[] values, long row) {
        if (dropout.probability() == 0) {
            return;
        }
        long sample = row / dropout.sequenceLength();
        long first = row % dropout.sequenceLength() * values.length;
        for (int i = 0; i < values.length; i++) {
            values[i] *= factor(sample, first + i);
        }
    }

    /// @param sample  index in the micro-batch
    /// @param element index within the sample
    double factor(long sample, long element) {
        if (dropout.probability() == 0) {
            return 1;
        }
        long block = element / 4;
        if (sample != drawnSample || block != drawnBlock) {
            long global = firstSample + sample;
            Philox.generate(words, seed, (int) global, (int) (global >>> 32), dropout.site(), (int) block);
            drawnSample = sample;
            drawnBlock = block;
        }
        return Integer.toUnsignedLong(words[(int) (element % 4)]) >= threshold ? kept : 0;
    }
}
