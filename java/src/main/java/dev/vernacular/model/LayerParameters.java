package dev.vernacular.model;

import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.Weight;

/// The parameters of one transformer block, or their gradients.
///
/// @param attentionNorm [C], as `mlpNorm`
/// @param qkv           [3 H D, C], rows all queries, all keys, all values
/// @param projection    [C, H D]
/// @param up            [F, C]
/// @param down          [C, F]
record LayerParameters(
        NormParameters attentionNorm,
        LinearParameters qkv,
        LinearParameters projection,
        NormParameters mlpNorm,
        LinearParameters up,
        LinearParameters down) {

    /// @param weight [C]; `bias` likewise
    record NormParameters(Tensor weight, Tensor bias) {}

    /// @param weight [N, K]
    /// @param bias   [N], or [Tensor#NONE] in a model without biases
    record LinearParameters(Weight weight, Tensor bias) {}
}
