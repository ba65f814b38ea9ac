package dev.vernacular.checkpoint.hf;

import com.fasterxml.jackson.databind.JsonNode;
import dev.vernacular.checkpoint.Gpt2Section;
import dev.vernacular.config.ModelSection;
import dev.vernacular.kernels.Activation;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.model.GptConfig;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Between the `config.json` of a GPT-2 and NeMo's model section. A key that is absent or null has the default of
/// transformers' `GPT2Config`; a value of the wrong kind is an error.
final class HuggingFaceConfig {
    private final JsonNode json;
    private final String label;

    private HuggingFaceConfig(JsonNode json, String label) {
        this.json = json;
        this.label = label;
    }

    /// @param label names the file in errors
    /// @throws HuggingFaceException if it is another architecture's, or asks for what is not supported
    static void requireGpt2(JsonNode json, String label) {
        new HuggingFaceConfig(json, label).refuseUnsupported();
    }

    /// @param divisor `make_vocab_size_divisible_by` that gives this many rows
    /// @param rows    of the token table
    static ModelSection section(JsonNode json, String label, long divisor, int rows) {
        return new HuggingFaceConfig(json, label).section(divisor, rows);
    }

    private ModelSection section(long divisor, int rows) {
        require("vocab_size", String.valueOf(rows) + ", the rows of its table", whole("vocab_size", rows) == rows);
        long hiddenSize = whole("n_embd", 768);
        long positions = whole("n_positions", 1024);
        Map<String, Object> section = Gpt2Section.defaults();
        section.put("encoder_seq_length", positions);
        section.put("max_position_embeddings", positions);
        section.put("num_layers", whole("n_layer", 12));
        section.put("hidden_size", hiddenSize);
        section.put("ffn_hidden_size", whole("n_inner", 4 * hiddenSize));
        section.put("num_attention_heads", whole("n_head", 12));
        section.put("init_method_std", number("initializer_range", 0.02));
        section.put("hidden_dropout", number("resid_pdrop", 0.1));
        section.put("attention_dropout", number("attn_pdrop", 0.1));
        section.put("layernorm_epsilon", number("layer_norm_epsilon", 1e-5));
        section.put("make_vocab_size_divisible_by", divisor);
        section.put("bias_activation_fusion", !activation().equals("gelu"));
        section.put("normalize_attention_scores", flag("scale_attn_weights", true));
        section.put("share_embeddings_and_output_weights", flag("tie_word_embeddings", true));
        return ModelSection.of(section, label);
    }

    private void refuseUnsupported() {
        require("model_type", "gpt2", json.path("model_type").asText("").equals("gpt2"));
        boolean isGelu = List.of("gelu_new", "gelu", "gelu_pytorch_tanh").contains(activation());
        require("activation_function", "gelu_new, gelu or gelu_pytorch_tanh", isGelu);
        require("scale_attn_by_inverse_layer_idx", "false", !flag("scale_attn_by_inverse_layer_idx", false));
        require("add_cross_attention", "false", !flag("add_cross_attention", false));
    }

    private String activation() {
        return json.path("activation_function").asText("gelu_new");
    }

    private long whole(String key, long fallback) {
        JsonNode value = json.path(key);
        if (isAbsent(value)) {
            return fallback;
        }
        require(
                key,
                "a whole number of 1 to 2147483647",
                value.canConvertToInt() && value.isIntegralNumber() && value.intValue() > 0);
        return value.intValue();
    }

    private double number(String key, double fallback) {
        JsonNode value = json.path(key);
        require(key, "a number", isAbsent(value) || value.isNumber());
        return isAbsent(value) ? fallback : value.doubleValue();
    }

    private boolean flag(String key, boolean fallback) {
        JsonNode value = json.path(key);
        require(key, "true or false", isAbsent(value) || value.isBoolean());
        return isAbsent(value) ? fallback : value.booleanValue();
    }

    private static boolean isAbsent(JsonNode value) {
        return value.isMissingNode() || value.isNull();
    }

    private void require(String key, String supported, boolean isSupported) {
        if (!isSupported) {
            JsonNode value = json.path(key);
            String text = value.isMissingNode() ? "absent" : value.isTextual() ? value.textValue() : value.toString();
            String shown = text.length() > 100 ? text.substring(0, 100) + "…" : text;
            throw new HuggingFaceException(
                    label + ": " + key + " is " + shown + ", which is not supported\n  Supported: " + supported);
        }
    }

    /// The `config.json` of a model.
    ///
    /// @param dtype     of its matrices
    /// @param endOfText id of `<|endoftext|>`, -1 if there is none
    static Map<String, Object> json(GptConfig config, Dtype dtype, int endOfText) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("activation_function", config.activation() == Activation.GELU_ERF ? "gelu" : "gelu_new");
        json.put("architectures", new String[] {"GPT2LMHeadModel"});
        json.put("attn_pdrop", decimal(config.attentionDropout()));
        json.put("embd_pdrop", decimal(config.hiddenDropout()));
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
        json.put("torch_dtype", torchName(dtype));
        json.put("vocab_size", config.paddedVocabularySize());
        putEnds(json, endOfText);
        return json;
    }

    /// The `generation_config.json` of a model.
    static Map<String, Object> generation(int endOfText) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("_from_model_config", true);
        putEnds(json, endOfText);
        return json;
    }

    /// transformers' defaults are GPT-2's own id, so what is absent is said to be.
    private static void putEnds(Map<String, Object> json, int endOfText) {
        json.put("bos_token_id", endOfText < 0 ? null : endOfText);
        json.put("eos_token_id", endOfText < 0 ? null : endOfText);
    }

    private static String torchName(Dtype dtype) {
        return switch (dtype) {
            case F16 -> "float16";
            case BF16 -> "bfloat16";
            case F64 -> "float64";
            case F32, I8, I32 -> "float32";
        };
    }

    /// 0.1 for the float nearest to 0.1.
    private static double decimal(float value) {
        return Double.parseDouble(Float.toString(value));
    }
}
