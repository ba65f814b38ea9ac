package dev.vernacular.checkpoint.megatron;

import dev.vernacular.checkpoint.CheckpointException;
import dev.vernacular.checkpoint.pickle.Global;
import dev.vernacular.checkpoint.pickle.PickledObject;
import dev.vernacular.config.ModelSection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// What Megatron-LM saves (`model_optim_rng.pt`) instead of a state dict: `model` is dictionaries in each other,
/// `args` the command line as an `argparse.Namespace`, and `checkpoint_version` the order of query, key and
/// value.
///
/// @see <a href="https://github.com/NVIDIA/Megatron-LM/blob/core_v0.5.0/megatron/checkpointing.py">Megatron-LM,
/// checkpointing.py</a>
final class MegatronLmFile {
    private static final int LONGEST_KEY = 1000;

    /// Arguments that NeMo's configuration has under the same name.
    private static final List<String> SHARED = List.of(
            "num_layers",
            "hidden_size",
            "ffn_hidden_size",
            "num_attention_heads",
            "kv_channels",
            "max_position_embeddings",
            "layernorm_epsilon",
            "hidden_dropout",
            "attention_dropout",
            "init_method_std",
            "make_vocab_size_divisible_by",
            "tensor_model_parallel_size",
            "pipeline_model_parallel_size",
            "openai_gelu",
            "bias_gelu_fusion",
            "position_embedding_type",
            "normalization");

    /// Arguments and the key of the same meaning.
    private static final Map<String, String> RENAMED = Map.of(
            "norm_epsilon", "layernorm_epsilon",
            "seq_length", "encoder_seq_length",
            "rotary_percent", "rotary_percentage",
            "add_bias_linear", "bias",
            "num_experts", "num_moe_experts",
            "vocab_file", "tokenizer.vocab_file",
            "merge_file", "tokenizer.merge_file");

    private MegatronLmFile() {}

    static boolean isOne(Map<?, ?> root) {
        return !(root.get("state_dict") instanceof Map<?, ?>) && root.get("model") instanceof Map<?, ?>;
    }

    /// The order of the rows of query, key and value; version 0 is not written down.
    static QkvRows order(Map<?, ?> root) {
        return QkvRows.ofMegatron(root.get("checkpoint_version") instanceof Number version ? version.doubleValue() : 0);
    }

    /// The weights under dotted keys, as a state dict has them.
    static Map<?, ?> stateDict(Map<?, ?> root, String label) {
        Map<Object, Object> flat = new LinkedHashMap<>();
        Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        flatten("model", (Map<?, ?>) root.get("model"), flat, seen, label);
        return flat;
    }

    /// @param seen the dictionaries so far: one that stands in several places could multiply at every level
    private static void flatten(
            String prefix, Map<?, ?> from, Map<Object, Object> into, Set<Object> seen, String label) {
        if (prefix.length() > LONGEST_KEY || !seen.add(from)) {
            throw new CheckpointException(label + ": the dictionary " + prefix
                    + " is nested deeper than any model's, or stands in other places, too");
        }
        from.forEach((key, value) -> {
            String name = prefix + "." + key;
            if (value instanceof Map<?, ?> inner) {
                flatten(name, inner, into, seen, label);
            } else {
                into.put(name, value);
            }
        });
    }

    /// The configuration that `args` is; empty if the file has none.
    static Optional<ModelSection> section(Map<?, ?> root, String origin) {
        if (!(root.get("args") instanceof PickledObject namespace
                && namespace.type().equals(new Global("argparse", "Namespace"))
                && namespace.state().orElse(null) instanceof Map<?, ?> arguments)) {
            return Optional.empty();
        }
        ModelSection section = ModelSection.of(Map.of(), origin + ": args");
        for (String name : SHARED) {
            section = with(section, name, arguments.get(name));
        }
        for (Map.Entry<String, String> renamed : RENAMED.entrySet()) {
            section = with(section, renamed.getValue(), arguments.get(renamed.getKey()));
        }
        if (arguments.get("untie_embeddings_and_output_weights") instanceof Boolean isUntied) {
            section = section.with("share_embeddings_and_output_weights", !isUntied);
        }
        if (Boolean.TRUE.equals(arguments.get("apply_layernorm_1p"))) {
            section = section.with("normalization", "layernorm1p");
        }
        if (Boolean.TRUE.equals(arguments.get("swiglu"))) {
            section = section.with("activation", "swiglu");
        }
        if (Boolean.TRUE.equals(arguments.get("group_query_attention"))) {
            section = with(section, "num_query_groups", arguments.get("num_query_groups"));
        }
        return Optional.of(section);
    }

    /// Anything but a plain value is none of the keys looked for.
    private static ModelSection with(ModelSection section, String key, Object value) {
        boolean isPlain = value instanceof Number || value instanceof Boolean || value instanceof String;
        return isPlain ? section.with(key, value) : section;
    }
}
