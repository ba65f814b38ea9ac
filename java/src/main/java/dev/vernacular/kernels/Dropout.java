package dev.vernacular.kernels;

/// Where and how much a kernel drops. Masks come from Philox keyed by the step's seed and counted by (global
/// sample, site, element), so they depend on neither micro-batch size nor recomputation.
///
/// @param site           number of the place in the network, different for every dropout of a step
/// @param probability    of an element to be zeroed, 0 .. 1 (excluded)
/// @param sequenceLength T: row r belongs to sample `first_sample + r / T`
public record Dropout(int site, float probability, long sequenceLength) {
    public Dropout {
        if (!(probability >= 0 && probability < 1)) {
            throw new IllegalArgumentException("dropout probability " + probability + " is not in [0, 1)");
        }
    }

    /// No dropout: nothing is drawn.
    public static Dropout none(long sequenceLength) {
        return new Dropout(0, 0f, sequenceLength);
    }
}
