package dev.vernacular.config;

import dev.vernacular.kernels.Activation;
import dev.vernacular.kernels.Norm;
import dev.vernacular.model.GptConfig;
import java.util.List;
import java.util.Locale;

/// The keys of NeMo's model section that decide the architecture: their defaults, and the values that are
/// supported. A NeMo 1.11 file lacks many of them; their defaults are what that release did.
final class GptOptions {
    private final ModelSection section;

    GptOptions(ModelSection section) {
        this.section = section;
    }

    GptConfig config(int rows) {
        refuseUnsupported();
        int heads = section.integer("num_attention_heads");
        int hiddenSize = section.integer("hidden_size");
        int headSize = section.integer("kv_channels", defaultHeadSize(hiddenSize, heads));
        return new GptConfig(
                section.integer("num_layers"),
                hiddenSize,
                section.integer("ffn_hidden_size", (int) Math.min(Integer.MAX_VALUE, 4L * hiddenSize)),
                heads,
                headSize,
                section.integer("max_position_embeddings", section.integer("encoder_seq_length", 512)),
                rows,
                activation(),
                norm(),
                (float) section.number("layernorm_epsilon", 1e-5),
                ropeDims(headSize),
                section.number("rotary_base", 10000),
                section.number("seq_len_interpolation_factor", 1),
                section.flag("share_embeddings_and_output_weights", true),
                section.flag("bias", true),
                section.flag("normalize_attention_scores", true),
                (float) section.number("hidden_dropout", 0.1),
                (float) section.number("attention_dropout", 0.1),
                section.number("init_method_std", 0.02),
                section.flag("use_scaled_init_method", true));
    }

    private int defaultHeadSize(int hiddenSize, int heads) {
        if (heads < 1 || hiddenSize % heads != 0) {
            throw new ConfigException(section.origin() + ": hidden_size " + hiddenSize
                    + " is no multiple of num_attention_heads " + heads + ", and kv_channels is not given");
        }
        return hiddenSize / heads;
    }

    /// With the fused bias (the default) NeMo computes the tanh form, without it the exact one.
    private Activation activation() {
        requireOneOf("activation", "gelu", List.of("gelu"));
        boolean isFused = section.flag("bias_activation_fusion", section.flag("bias_gelu_fusion", true));
        return isFused || section.flag("openai_gelu", false) ? Activation.GELU_TANH : Activation.GELU_ERF;
    }

    private Norm norm() {
        String name = requireOneOf("normalization", "layernorm", List.of("layernorm", "layernorm1p"));
        return name.equals("layernorm1p") ? Norm.LAYERNORM1P : Norm.LAYERNORM;
    }

    private int ropeDims(int headSize) {
        String type = requireOneOf("position_embedding_type", "learned_absolute", List.of("learned_absolute", "rope"));
        return type.equals("rope") ? (int) (headSize * section.number("rotary_percentage", 1.0)) : 0;
    }

    private void refuseUnsupported() {
        requireOneOf("transformer_block_type", "pre_ln", List.of("pre_ln"));
        requireOneOf("attention_type", "multihead", List.of("multihead"));
        requireFlag("headscale", false);
        requireFlag("fp8", false);
        String heads = String.valueOf(section.integer("num_attention_heads"));
        requireOneOf("num_query_groups", heads, List.of(heads));
        requireOneOf("num_moe_experts", "1", List.of("null", "0", "1"));
        if (section.number("ffn_dropout", 0) != 0) {
            throw unsupported("ffn_dropout", "0.0");
        }
        if (section.number("seq_len_interpolation_factor", 1) < 1) {
            throw unsupported("seq_len_interpolation_factor", "null, or a number of at least 1");
        }
    }

    private String requireOneOf(String key, String fallback, List<String> supported) {
        String value = section.text(key, fallback);
        if (!supported.contains(value.toLowerCase(Locale.ROOT))) {
            throw unsupported(key, String.join(" or ", supported));
        }
        return value.toLowerCase(Locale.ROOT);
    }

    private void requireFlag(String key, boolean supported) {
        if (section.flag(key, supported) != supported) {
            throw unsupported(key, String.valueOf(supported));
        }
    }

    private ConfigException unsupported(String key, String supported) {
        return new ConfigException(section.origin() + ": " + key + " is "
                + section.get(key).orElse("null") + ", which is not supported\n  Supported: " + supported);
    }
}
