package dev.vernacular.kernels;

/// AdamW's constants (Loshchilov & Hutter 2019); learning rate and step come from the step block.
public record AdamW(float beta1, float beta2, float epsilon) {
    public AdamW {
        if (!(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1)) {
            throw new IllegalArgumentException(
                    "model.optim.betas are [" + beta1 + ", " + beta2 + "], they must be in [0, 1)");
        }
    }
}
