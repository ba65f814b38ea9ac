package dev.vernacular.checkpoint.hf;

import dev.vernacular.model.ParameterLayout;
import java.util.LinkedHashMap;
import java.util.Map;

/// GPT-2's tensor names at Hugging Face, and which of its matrices are stored input × output (`Conv1D`).
final class HuggingFaceNames {
    private static final Map<String, String> TOP = new LinkedHashMap<>();
    private static final Map<String, String> LAYER = new LinkedHashMap<>();

    static {
        TOP.put(ParameterLayout.WORD_EMBEDDINGS, "transformer.wte.weight");
        TOP.put(ParameterLayout.POSITION_EMBEDDINGS, "transformer.wpe.weight");
        TOP.put(ParameterLayout.FINAL_NORM + ".weight", "transformer.ln_f.weight");
        TOP.put(ParameterLayout.FINAL_NORM + ".bias", "transformer.ln_f.bias");
        TOP.put(ParameterLayout.HEAD, "lm_head.weight");
        both(ParameterLayout.ATTENTION_NORM, "ln_1");
        both(ParameterLayout.QKV, "attn.c_attn");
        both(ParameterLayout.PROJECTION, "attn.c_proj");
        both(ParameterLayout.MLP_NORM, "ln_2");
        both(ParameterLayout.UP, "mlp.c_fc");
        both(ParameterLayout.DOWN, "mlp.c_proj");
    }

    private HuggingFaceNames() {}

    private static void both(String part, String theirs) {
        LAYER.put(part + ".weight", theirs + ".weight");
        LAYER.put(part + ".bias", theirs + ".bias");
    }

    /// Their name for one of ours.
    static String of(String name) {
        if (!name.startsWith("layers.")) {
            return TOP.get(name);
        }
        int dot = name.indexOf('.', "layers.".length());
        return "transformer.h." + name.substring("layers.".length(), dot + 1) + LAYER.get(name.substring(dot + 1));
    }

    /// The file has this matrix transposed; its columns are the rows of ours.
    static boolean isTransposed(String name) {
        return name.startsWith("layers.") && name.endsWith(".weight") && !name.contains("_norm.");
    }

    /// Causal masks that old files carry as if they were weights.
    static boolean isIgnored(String theirs) {
        return theirs.endsWith(".attn.bias") || theirs.endsWith(".attn.masked_bias");
    }
}
