package dev.vernacular.checkpoint.megatron;

import dev.vernacular.model.GptConfig;
import dev.vernacular.model.ParameterLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The one table of Megatron-GPT's tensor names: NeMo's legacy spelling, megatron-core's, and ours; and along
/// which axis tensor-parallel ranks cut each tensor.
public final class MegatronNames {
    /// How a tensor is spread over tensor-parallel ranks.
    enum Split {
        REPLICATED,
        ROWS,
        COLUMNS
    }

    private record Row(String name, String legacy, String core, Split split) {}

    private static final List<Row> TOP = List.of(
            new Row(
                    ParameterLayout.WORD_EMBEDDINGS,
                    "language_model.embedding.word_embeddings.weight",
                    "embedding.word_embeddings.weight",
                    Split.ROWS),
            new Row(
                    ParameterLayout.POSITION_EMBEDDINGS,
                    "language_model.embedding.position_embeddings.weight",
                    "embedding.position_embeddings.weight",
                    Split.REPLICATED),
            new Row(
                    ParameterLayout.FINAL_NORM + ".weight",
                    "language_model.encoder.final_layernorm.weight",
                    "decoder.final_layernorm.weight",
                    Split.REPLICATED),
            new Row(
                    ParameterLayout.FINAL_NORM + ".bias",
                    "language_model.encoder.final_layernorm.bias",
                    "decoder.final_layernorm.bias",
                    Split.REPLICATED),
            new Row(ParameterLayout.HEAD, "language_model.output_layer.weight", "output_layer.weight", Split.ROWS));
    private static final List<Row> LAYER = List.of(
            new Row(
                    "attention_norm.weight",
                    "input_layernorm.weight",
                    "self_attention.linear_qkv.layer_norm_weight",
                    Split.REPLICATED),
            new Row(
                    "attention_norm.bias",
                    "input_layernorm.bias",
                    "self_attention.linear_qkv.layer_norm_bias",
                    Split.REPLICATED),
            new Row(
                    "qkv.weight",
                    "self_attention.query_key_value.weight",
                    "self_attention.linear_qkv.weight",
                    Split.ROWS),
            new Row("qkv.bias", "self_attention.query_key_value.bias", "self_attention.linear_qkv.bias", Split.ROWS),
            new Row(
                    "projection.weight",
                    "self_attention.dense.weight",
                    "self_attention.linear_proj.weight",
                    Split.COLUMNS),
            new Row(
                    "projection.bias",
                    "self_attention.dense.bias",
                    "self_attention.linear_proj.bias",
                    Split.REPLICATED),
            new Row(
                    "mlp_norm.weight",
                    "post_attention_layernorm.weight",
                    "mlp.linear_fc1.layer_norm_weight",
                    Split.REPLICATED),
            new Row(
                    "mlp_norm.bias",
                    "post_attention_layernorm.bias",
                    "mlp.linear_fc1.layer_norm_bias",
                    Split.REPLICATED),
            new Row("up.weight", "mlp.dense_h_to_4h.weight", "mlp.linear_fc1.weight", Split.ROWS),
            new Row("up.bias", "mlp.dense_h_to_4h.bias", "mlp.linear_fc1.bias", Split.ROWS),
            new Row("down.weight", "mlp.dense_4h_to_h.weight", "mlp.linear_fc2.weight", Split.COLUMNS),
            new Row("down.bias", "mlp.dense_4h_to_h.bias", "mlp.linear_fc2.bias", Split.REPLICATED));
    /// megatron-core without Transformer Engine keeps its norms apart.
    private static final Map<String, String> LOCAL_CORE_NORMS = Map.of(
            "pre_mlp_layernorm.weight", "mlp_norm.weight",
            "pre_mlp_layernorm.bias", "mlp_norm.bias");
    static final String TIED_COPY = "model.word_embeddings.weight";
    private static final String LAYERS = "layers.";
    private static final String LEGACY_LAYERS = "language_model.encoder.layers.";
    private static final String CORE_LAYERS = "decoder.layers.";
    private static final Pattern LAYER_KEY =
            Pattern.compile("(?:language_model\\.encoder|decoder)\\.layers\\.(\\d{1,6})\\.(.+)");
    private static final Pattern WRAPPERS = Pattern.compile("(?<=^|\\.)(module|_orig_mod)\\.");
    private static final Map<String, String> TOP_NAMES = names(TOP);
    private static final Map<String, String> LAYER_NAMES = names(LAYER);

    private MegatronNames() {}

    private static Map<String, String> names(List<Row> rows) {
        Map<String, String> names = new LinkedHashMap<>(rows == LAYER ? LOCAL_CORE_NORMS : Map.of());
        rows.forEach(row -> {
            names.put(row.legacy(), row.name());
            names.put(row.core(), row.name());
        });
        return names;
    }

    /// Our name for a key of a state dict in any spelling, wrappers (`module.`, `_orig_mod.`) and the oldest
    /// words (`transformer`, `attention`) included; empty for a key that is no parameter.
    static Optional<String> canonical(String key) {
        String plain = WRAPPERS.matcher(key).replaceAll("");
        if (!plain.startsWith("model.")) {
            return Optional.empty();
        }
        plain = plain.substring("model.".length())
                .replace("language_model.transformer.", "language_model.encoder.")
                .replace(".attention.", ".self_attention.");
        Matcher layer = LAYER_KEY.matcher(plain);
        if (!layer.matches()) {
            return Optional.ofNullable(TOP_NAMES.get(plain));
        }
        return Optional.ofNullable(LAYER_NAMES.get(layer.group(2)))
                .map(part -> ParameterLayout.layerName(Integer.parseInt(layer.group(1)), part));
    }

    /// Keys that hold no parameter: fp8 metadata, rope's frequencies, a copy of the token table.
    static boolean isIgnored(String key) {
        return key.endsWith("_extra_state") || key.endsWith("rotary_pos_emb.inv_freq") || isTiedCopy(key);
    }

    /// A pipeline's last stage has a copy of the token table under this key (NeMo's, or Megatron-LM's).
    static boolean isTiedCopy(String key) {
        String plain = WRAPPERS.matcher(key).replaceAll("");
        return plain.equals(TIED_COPY) || plain.equals("model.word_embeddings_for_head.weight");
    }

    /// The name in the whole model of a parameter of a pipeline stage, which numbers its layers from 0.
    ///
    /// @param layersBefore in the stages before; negative for the way back
    static String inModel(String name, int layersBefore) {
        if (layersBefore == 0 || !name.startsWith(LAYERS)) {
            return name;
        }
        int dot = name.indexOf('.', LAYERS.length());
        int layer = Integer.parseInt(name.substring(LAYERS.length(), dot));
        return ParameterLayout.layerName(layersBefore + layer, name.substring(dot + 1));
    }

    /// The pipeline stage that holds a parameter: embeddings are in the first, the final norm and the head in
    /// the last.
    static int stage(String name, int layersInStage, int stages) {
        if (name.startsWith(LAYERS)) {
            return Integer.parseInt(name.substring(LAYERS.length(), name.indexOf('.', LAYERS.length())))
                    / layersInStage;
        }
        return name.startsWith(ParameterLayout.FINAL_NORM) || name.equals(ParameterLayout.HEAD) ? stages - 1 : 0;
    }

    /// The key of one of our names in a state dict.
    public static String key(String name, boolean isCore) {
        if (!name.startsWith(LAYERS)) {
            Row row = find(TOP, name);
            return "model." + (isCore ? row.core() : row.legacy());
        }
        int dot = name.indexOf('.', LAYERS.length());
        Row row = find(LAYER, name.substring(dot + 1));
        String index = name.substring(LAYERS.length(), dot + 1);
        return "model." + (isCore ? CORE_LAYERS + index + row.core() : LEGACY_LAYERS + index + row.legacy());
    }

    static Split split(String name) {
        return name.startsWith(LAYERS)
                ? find(LAYER, name.substring(name.indexOf('.', LAYERS.length()) + 1))
                        .split()
                : find(TOP, name).split();
    }

    /// All parameters of a model as a state dict orders them.
    public static List<String> inModuleOrder(GptConfig config) {
        List<String> names = new ArrayList<>(List.of(ParameterLayout.WORD_EMBEDDINGS));
        names.add(ParameterLayout.POSITION_EMBEDDINGS);
        for (int layer = 0; layer < config.layers(); layer++) {
            for (Row row : LAYER) {
                names.add(ParameterLayout.layerName(layer, row.name()));
            }
        }
        names.addAll(List.of(ParameterLayout.FINAL_NORM + ".weight", ParameterLayout.FINAL_NORM + ".bias"));
        names.add(ParameterLayout.HEAD);
        ParameterLayout layout = new ParameterLayout(config);
        return names.stream().filter(layout::has).toList();
    }

    private static Row find(List<Row> rows, String name) {
        return rows.stream()
                .filter(row -> row.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no parameter is named " + name));
    }
}
