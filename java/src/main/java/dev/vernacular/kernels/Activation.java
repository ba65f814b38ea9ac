package dev.vernacular.kernels;

/// What `linear` applies to its product; [#code()] is the `vn_activation` of `vernacular.h`.
public enum Activation {
    NONE(0),
    /// `0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))` (Hendrycks & Gimpel 2016), GPT-2's.
    GELU_TANH(1),
    /// `0.5 x (1 + erf(x / sqrt 2))`.
    GELU_ERF(2);

    private final int code;

    Activation(int code) {
        this.code = code;
    }

    public int code() {
        return code;
    }
}
