package dev.vernacular.kernels;

/// Kinds of normalisation; [#code()] is the `vn_norm` of `vernacular.h`.
public enum Norm {
    LAYERNORM(0),
    /// The stored weight is the scale minus one (NVIDIA's layernorm1p).
    LAYERNORM1P(1);

    private final int code;

    Norm(int code) {
        this.code = code;
    }

    public int code() {
        return code;
    }
}
