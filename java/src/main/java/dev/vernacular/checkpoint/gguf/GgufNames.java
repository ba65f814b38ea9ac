package dev.vernacular.checkpoint.gguf;

import dev.vernacular.model.ParameterLayout;
import java.util.Map;

/// llama.cpp's names for the tensors of a gpt2 model.
final class GgufNames {
    private static final Map<String, String> TOP = Map.of(
            ParameterLayout.WORD_EMBEDDINGS,
            "token_embd.weight",
            ParameterLayout.POSITION_EMBEDDINGS,
            "position_embd.weight",
            ParameterLayout.FINAL_NORM + ".weight",
            "output_norm.weight",
            ParameterLayout.FINAL_NORM + ".bias",
            "output_norm.bias",
            ParameterLayout.HEAD,
            "output.weight");
    private static final Map<String, String> PARTS = Map.of(
            ParameterLayout.ATTENTION_NORM, "attn_norm",
            ParameterLayout.QKV, "attn_qkv",
            ParameterLayout.PROJECTION, "attn_output",
            ParameterLayout.MLP_NORM, "ffn_norm",
            ParameterLayout.UP, "ffn_up",
            ParameterLayout.DOWN, "ffn_down");

    private GgufNames() {}

    /// Their name for one of ours: `layers.3.qkv.bias` is `blk.3.attn_qkv.bias`.
    static String of(String name) {
        if (!name.startsWith("layers.")) {
            return TOP.get(name);
        }
        String[] pieces = name.split("\\.");
        return "blk." + pieces[1] + "." + PARTS.get(pieces[2]) + "." + pieces[3];
    }
}
