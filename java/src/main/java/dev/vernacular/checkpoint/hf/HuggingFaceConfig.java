package dev.vernacular.checkpoint.hf;

import com.fasterxml.jackson.databind.JsonNode;
import dev.vernacular.config.ModelSection;
import dev.vernacular.kernels.Activation;
import dev.vernacular.model.GptConfig;
import java.util.LinkedHashMap;
import java.util.Map;

/// Between the `config.json` of a GPT-2 and NeMo's model section.
final class HuggingFaceConfig {
    private HuggingFaceConfig() {}

    /// @param label names the file in errors
    /// @param divisor `make_vocab_size_divisible_by` that gives this many rows
    static ModelSection section(JsonNode config, String label, int divisor) {
        refuseUnsupported(config, label);
        int hiddenSize = config.path("n_embd").asInt(768);
        String activation = config.path("activation_function").asText("gelu_new");
        Map<String, Object> section = new LinkedHashMap<>();
        section.put("mcore_gpt", false);
        section.put("micro_batch_size", 1L);
        section.put("global_batch_size", 1L);
        section.put("tensor_model_parallel_size", 1L);
        section.put("pipeline_model_parallel_size", 1L);
        section.put("encoder_seq_length", config.path("n_positions").asLong(1024));
        section.put("max_position_embeddings", config.path("n_positions").asLong(1024));
        section.put("num_layers", config.path("n_layer").asLong(12));
        section.put("hidden_size", (long) hiddenSize);
        section.put("ffn_hidden_size", config.path("n_inner").asLong(4L * hiddenSize));
        section.put("num_attention_heads", config.path("n_head").asLong(12));
        section.put("kv_channels", null);
        section.put("init_method_std", config.path("initializer_range").asDouble(0.02));
        section.put("use_scaled_init_method", true);
        section.put("hidden_dropout", config.path("resid_pdrop").asDouble(0.1));
        section.put("attention_dropout", config.path("attn_pdrop").asDouble(0.1));
        section.put("normalization", "layernorm");
        section.put("layernorm_epsilon", config.path("layer_norm_epsilon").asDouble(1e-5));
        section.put("make_vocab_size_divisible_by", (long) divisor);
        section.put("bias", true);
        section.put("activation", "gelu");
        section.put("bias_activation_fusion", !activation.equals("gelu"));
        section.put("apply_query_key_layer_scaling", false);
        section.put(
                "normalize_attention_scores", config.path("scale_attn_weights").asBoolean(true));
        section.put("position_embedding_type", "learned_absolute");
        section.put(
                "share_embeddings_and_output_weights",
                config.path("tie_word_embeddings").asBoolean(true));
        section.put("tokenizer", new LinkedHashMap<>(Map.of("library", "megatron", "type", "GPT2BPETokenizer")));
        return ModelSection.of(section, label);
    }

    /// The `config.json` of a model.
    ///
    /// @param dtype   `float32`, `float16` or `bfloat16`
    /// @param endOfText id of `<|endoftext|>`, -1 if there is none
    static Map<String, Object> json(GptConfig config, String dtype, int endOfText) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("activation_function", config.activation() == Activation.GELU_ERF ? "gelu" : "gelu_new");
        json.put("architectures", new String[] {"GPT2LMHeadModel"});
        json.put("attn_pdrop", decimal(config.attentionDropout()));
        if (endOfText >= 0) {
            json.put("bos_token_id", endOfText);
        }
        json.put("embd_pdrop", decimal(config.hiddenDropout()));
        if (endOfText >= 0) {
            json.put("eos_token_id", endOfText);
        }
        json.put("initializer_range", config.initStd());
        json.put("layer_norm_epsilon", decimal(config.epsilon()));
        json.put("model_type", "gpt2");
        json.put("n_ctx", config.maxPositions());
        json.put("n_embd", config.hiddenSize());
        json.put("n_head", config.heads());
        json.put("n_inner", config.ffnHiddenSize());
        json.put("n_layer", config.layers());
        json.put("n_positions", config.maxPositions());
        json.put("resid_pdrop", decimal(config.hiddenDropout()));
        json.put("scale_attn_weights", config.scalesScores());
        json.put("tie_word_embeddings", config.isTied());
        json.put("torch_dtype", dtype);
        json.put("vocab_size", config.paddedVocabularySize());
        return json;
    }

    /// 0.1 for the float nearest to 0.1.
    private static double decimal(float value) {
        return Double.parseDouble(Float.toString(value));
    }

    private static void refuseUnsupported(JsonNode config, String label) {
        require(
                config,
                label,
                "model_type",
                "gpt2",
                config.path("model_type").asText("").equals("gpt2"));
        String activation = config.path("activation_function").asText("gelu_new");
        boolean isGelu =
                activation.equals("gelu_new") || activation.equals("gelu") || activation.equals("gelu_pytorch_tanh");
        require(config, label, "activation_function", "gelu_new, gelu or gelu_pytorch_tanh", isGelu);
        for (String flag : new String[] {"scale_attn_by_inverse_layer_idx", "add_cross_attention"}) {
            require(config, label, flag, "false", !config.path(flag).asBoolean(false));
        }
    }

    private static void require(JsonNode config, String label, String key, String supported, boolean isSupported) {
        if (!isSupported) {
            throw new HuggingFaceException(label + ": " + key + " is "
                    + config.path(key).asText("absent") + ", which is not supported\n  Supported: " + supported);
        }
    }
}
