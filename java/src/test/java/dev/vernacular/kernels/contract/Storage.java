package dev.vernacular.kernels.contract;

import dev.vernacular.kernels.Dtype;
import java.util.stream.Stream;

/// Dtypes of a run: of activations and of the residual stream.
record Storage(Dtype activation, Dtype residual) {
    /// Roles that a tensor can have; parameters, statistics and their gradients are float32.
    enum Role {
        ACTIVATION,
        RESIDUAL,
        PARAMETER
    }

    static Stream<Storage> all() {
        return Stream.of(
                new Storage(Dtype.F32, Dtype.F32),
                new Storage(Dtype.BF16, Dtype.F32),
                new Storage(Dtype.BF16, Dtype.BF16),
                new Storage(Dtype.F16, Dtype.F32),
                new Storage(Dtype.F16, Dtype.F16));
    }

    /// For operations without a residual stream.
    static Stream<Storage> activations() {
        return Stream.of(Dtype.F32, Dtype.BF16, Dtype.F16).map(dtype -> new Storage(dtype, dtype));
    }

    Dtype of(Role role) {
        return switch (role) {
            case ACTIVATION -> activation;
            case RESIDUAL -> residual;
            case PARAMETER -> Dtype.F32;
        };
    }

    @Override
    public String toString() {
        return activation == residual ? activation.toString() : activation + " in " + residual;
    }
}
