package dev.vernacular.model;

import dev.vernacular.kernels.Dtype;

/// The storage types of a run. Sums are float32 and parameters, their gradients and moments are float32 in all
/// but [#FP64].
public enum Precision {
    FP32(Dtype.F32, Dtype.F32, Dtype.F32),
    /// bfloat16 activations and gradients of activations, a float32 residual stream.
    BF16(Dtype.BF16, Dtype.F32, Dtype.F32),
    /// float16 likewise, with a loss scale.
    FP16(Dtype.F16, Dtype.F32, Dtype.F32),
    /// Everything float64, on the reference backend: for finite differences.
    FP64(Dtype.F64, Dtype.F64, Dtype.F64);

    private final Dtype activation;
    private final Dtype residual;
    private final Dtype parameter;

    Precision(Dtype activation, Dtype residual, Dtype parameter) {
        this.activation = activation;
        this.residual = residual;
        this.parameter = parameter;
    }

    /// Of activations and their gradients.
    public Dtype activation() {
        return activation;
    }

    /// Of the residual stream and its gradient.
    public Dtype residual() {
        return residual;
    }

    /// Of masters, parameter gradients, moments and statistics.
    public Dtype parameter() {
        return parameter;
    }
}
