package dev.vernacular.checkpoint;

import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.tokenizer.TokenizerFiles;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// NeMo's model section for a GPT-2 that another format describes in its own words.
public final class Gpt2Section {
    private static final int LARGEST_DIVISOR = 128;

    private Gpt2Section() {}

    /// All keys with GPT-2's values; a reader replaces those that its format has.
    public static Map<String, Object> defaults() {
        Map<String, Object> section = new LinkedHashMap<>();
        section.put("mcore_gpt", false);
        section.put("micro_batch_size", 1L);
        section.put("global_batch_size", 1L);
        section.put("tensor_model_parallel_size", 1L);
        section.put("pipeline_model_parallel_size", 1L);
        section.put("encoder_seq_length", 1024L);
        section.put("max_position_embeddings", 1024L);
        section.put("num_layers", 12L);
        section.put("hidden_size", 768L);
        section.put("ffn_hidden_size", 3072L);
        section.put("num_attention_heads", 12L);
        section.put("kv_channels", null);
        section.put("init_method_std", 0.02);
        section.put("use_scaled_init_method", true);
        section.put("hidden_dropout", 0.1);
        section.put("attention_dropout", 0.1);
        section.put("normalization", "layernorm");
        section.put("layernorm_epsilon", 1e-5);
        section.put("make_vocab_size_divisible_by", (long) LARGEST_DIVISOR);
        section.put("bias", true);
        section.put("activation", "gelu");
        section.put("bias_activation_fusion", true);
        section.put("apply_query_key_layer_scaling", false);
        section.put("normalize_attention_scores", true);
        section.put("position_embedding_type", "learned_absolute");
        section.put("share_embeddings_and_output_weights", true);
        section.put("tokenizer", new LinkedHashMap<>(Map.of("library", "megatron", "type", "GPT2BPETokenizer")));
        return section;
    }

    /// `make_vocab_size_divisible_by`: NeMo computes the number of rows from the tokenizer; the largest divisor
    /// that gives this number is taken.
    ///
    /// @param rows of the token table
    public static long divisor(int rows, Optional<TokenizerFiles> tokenizer) {
        int size = tokenizer.map(files -> Tokenizer.of(files).size()).orElse(rows);
        for (int divisor = LARGEST_DIVISOR; divisor > 1; divisor /= 2) {
            if (((long) size + divisor - 1) / divisor * divisor == rows) {
                return divisor;
            }
        }
        return size == rows ? 1 : rows;
    }
}
