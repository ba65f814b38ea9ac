package dev.vernacular.kernels.contract;

import dev.vernacular.kernels.Dtype;

/// How far an output may be from the reference in double: the largest `e = |got - want| / (|want| +
/// rms(want))`, and a third of it for the root mean square of e. `u` is 2^-24, 2^-9, 2^-12 for float32,
/// bfloat16, float16 outputs: one rounding to a short type loses up to 2u of a value. `U` = 2^-24, since
/// everything is summed in float32.
///
/// @param units    of `u`
/// @param absolute added to them
record Bound(double units, double absolute) {
    private static final double U = 0x1p-24;

    /// Must be equal.
    static final Bound EXACT = new Bound(0, 0);
    /// Undefined afterwards.
    static final Bound ANYTHING = new Bound(0, Double.POSITIVE_INFINITY);
    /// One rounding; before it, in float32, a dropout's scale, its product and the sum, whose terms may cancel.
    static final Bound RESIDUAL_SUM = new Bound(2, 2 * U);
    /// The sum's rounding and the output's; statistics in float32.
    static final Bound LAYERNORM_OUT = new Bound(2, 2e-6);
    /// Likewise, through two means.
    static final Bound LAYERNORM_GRADIENT = new Bound(2, 4e-6);
    /// Float32 statistics of a row.
    static final Bound STATISTIC = new Bound(0, 2e-6);
    /// A mean may be a thousand times smaller than what it is the mean of.
    static final Bound MEAN = new Bound(0, 1e-5);
    /// Loss: a float32 sum over the vocabulary and a logarithm.
    static final Bound LOSS = new Bound(0, 2e-6);
    /// Log of a sum of exponentials of scores that are float32 sums.
    static final Bound LOG_SUM_EXP = new Bound(0, 1e-5);
    /// Probabilities are rounded before the product with the values, rotated queries and keys are not;
    /// exponentials are good to 2 ulp of scores of some tens, which is what remains in float32.
    static final Bound ATTENTION_OUT = new Bound(4, 2e-6);
    /// Two rounded factors in each product; cancellation in `dp - delta`.
    static final Bound ATTENTION_GRADIENT = new Bound(8, 4e-6);
    /// One rounding of the argument, one of the result; tanh, erf and exp in float32.
    static final Bound ACTIVATION = new Bound(2, 1e-6);
    /// A few float32 operations a parameter.
    static final Bound ADAMW = new Bound(0, 4 * U);
    /// One multiplication and one addition in float32.
    static final Bound GLUE = new Bound(0, 4 * U);

    /// A product summed over k in float32, then rounded.
    static Bound product(long k) {
        return new Bound(2, 4 * U * Math.sqrt(k));
    }

    /// A sum over rows into a float32 parameter gradient.
    static Bound parameterGradient(long rows) {
        return new Bound(0, 1e-5 * Math.max(1, Math.sqrt(rows / 64.0)));
    }

    /// Gradients of logits rounded to the activations' type (2u + 4e-6), then a product summed over k.
    static Bound throughLogits(long k, Dtype activation) {
        return new Bound(0, 2 * unit(activation) + 4e-6).plus(product(k));
    }

    /// The same added to a gradient that was there, which may cancel most of it: the metric then divides by
    /// less. Both of the bounds it is made of, that of the logits' gradients and that of a product, count in the
    /// activations' type.
    static Bound addedThroughLogits(long k, Dtype activation) {
        return throughLogits(k, activation).plus(new Bound(0, 2 * unit(activation)));
    }

    /// What weights lose that are rounded to the activations' type before a product.
    static Bound roundedFactors(Dtype activation) {
        return new Bound(0, activation == Dtype.F32 ? 0 : 8 * unit(activation));
    }

    /// What scores and their gradients lose when rotated queries and keys are rounded to the activations' type: an
    /// error of every product in a score, of which some tens add up at random, and of the probability. Training
    /// on GPUs commonly rounds here (Megatron-LM, FlashAttention).
    static Bound roundedRotation(Dtype activation) {
        return new Bound(0, 6 * unit(activation));
    }

    Bound plus(Bound other) {
        return new Bound(units + other.units, absolute + other.absolute);
    }

    double limit(Dtype output) {
        return units * unit(output) + absolute;
    }

    static double unit(Dtype dtype) {
        return switch (dtype) {
            case F32, I32 -> U;
            case BF16 -> 0x1p-9;
            case F16 -> 0x1p-12;
            case F64 -> 0x1p-53;
            case I8 -> 0.5;
        };
    }
}
