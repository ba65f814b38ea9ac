package dev.vernacular.model;

import dev.vernacular.kernels.AttentionShape;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Kernels;
import dev.vernacular.kernels.Tensor;
import java.util.ArrayList;
import java.util.List;

/// Keys and values of the tokens that a batch of sequences has seen, so that a new token is one row of work.
///
/// @param keys    a layer: [B, H, capacity, D]; `values` likewise
/// @param lengths [B] int32, tokens that each sequence holds
record KeyValueCache(List<Tensor> keys, List<Tensor> values, Tensor lengths) {
    private static final String KIND = "key-value cache";

    static KeyValueCache in(Space space, GptConfig config, Dtype dtype, long batch, long capacity) {
        List<Tensor> keys = new ArrayList<>();
        List<Tensor> values = new ArrayList<>();
        long[] shape = {batch, config.heads(), capacity, config.headSize()};
        for (int layer = 0; layer < config.layers(); layer++) {
            keys.add(space.take(KIND, "keys." + layer, dtype, shape));
            values.add(space.take(KIND, "values." + layer, dtype, shape));
        }
        return new KeyValueCache(keys, values, space.take(KIND, "lengths", Dtype.I32, batch));
    }

    /// Appends the batch's new tokens and attends from them; `lengths` stays for the caller to advance.
    ///
    /// @param out [B, T, H, D], written
    /// @param qkv [B, T, 3 H, D]
    void attend(Kernels kernels, int layer, Tensor out, Tensor qkv, AttentionShape shape) {
        kernels.kvAppend(keys.get(layer), values.get(layer), qkv, lengths, shape);
        kernels.decodeAttention(out, qkv, keys.get(layer), values.get(layer), lengths, shape);
    }
}
