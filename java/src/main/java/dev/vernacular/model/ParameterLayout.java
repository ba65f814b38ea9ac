package dev.vernacular.model;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Where each parameter tensor lies in the flat buffers of masters, gradients and moments: in the order in
/// which backward finishes them (the head first, the embeddings last), each aligned to 256 bytes.
///
/// The names are this project's own; `checkpoint` maps them to every format's. Rows of `qkv` are all queries,
/// then all keys, then all values, head after head.
public final class ParameterLayout {
    public static final String WORD_EMBEDDINGS = "word_embeddings.weight";
    public static final String POSITION_EMBEDDINGS = "position_embeddings.weight";
    public static final String HEAD = "head.weight";
    public static final String FINAL_NORM = "final_norm";
    public static final String ATTENTION_NORM = "attention_norm";
    public static final String QKV = "qkv";
    public static final String PROJECTION = "projection";
    public static final String MLP_NORM = "mlp_norm";
    public static final String UP = "up";
    public static final String DOWN = "down";
    private static final long ALIGNMENT = 256 / Float.BYTES;
    private final Map<String, Parameter> byName = new LinkedHashMap<>();
    private long elements;

    /// How a fresh model fills a parameter.
    public enum Init {
        ZERO,
        /// Normal with `init_method_std`.
        NORMAL,
        /// Normal with `init_method_std / sqrt(2 L)` when the config scales it: projections into the residual
        /// stream.
        SCALED_NORMAL,
        /// A norm's weight: scale one (zero for layernorm1p).
        UNIT_SCALE
    }

    /// One parameter tensor.
    ///
    /// @param offset first element in the flat buffers
    /// @param cols   1 for vectors
    /// @param decays weight decay applies (matrices; not biases and norms)
    public record Parameter(
            String name, long offset, long rows, long cols, boolean isVector, boolean decays, Init init) {
        public long elements() {
            return rows * cols;
        }

        /// [rows] or [rows, cols].
        public long[] shape() {
            return isVector ? new long[] {rows} : new long[] {rows, cols};
        }
    }

    /// Where a model's parameters come from, one at a time.
    @FunctionalInterface
    public interface ParameterSource {
        /// @param values of the parameter's size, float32, written
        void read(Parameter parameter, MemorySegment values);

        /// From a flat buffer.
        ///
        /// @param flat [layout.elements()] float32
        static ParameterSource ofFlat(MemorySegment flat) {
            return (parameter, values) ->
                    values.copyFrom(flat.asSlice(parameter.offset() * Float.BYTES, parameter.elements() * Float.BYTES));
        }
    }

    public ParameterLayout(GptConfig config) {
        if (!config.isTied()) {
            matrix(HEAD, config.paddedVocabularySize(), config.hiddenSize(), Init.NORMAL);
        }
        norm(FINAL_NORM, config);
        for (int layer = config.layers() - 1; layer >= 0; layer--) {
            linear(layerName(layer, DOWN), config.hiddenSize(), config.ffnHiddenSize(), Init.SCALED_NORMAL, config);
            linear(layerName(layer, UP), config.ffnHiddenSize(), config.hiddenSize(), Init.NORMAL, config);
            norm(layerName(layer, MLP_NORM), config);
            linear(
                    layerName(layer, PROJECTION),
                    config.hiddenSize(),
                    config.attentionSize(),
                    Init.SCALED_NORMAL,
                    config);
            linear(layerName(layer, QKV), 3L * config.attentionSize(), config.hiddenSize(), Init.NORMAL, config);
            norm(layerName(layer, ATTENTION_NORM), config);
        }
        if (!config.usesRope()) {
            matrix(POSITION_EMBEDDINGS, config.maxPositions(), config.hiddenSize(), Init.NORMAL);
        }
        matrix(WORD_EMBEDDINGS, config.paddedVocabularySize(), config.hiddenSize(), Init.NORMAL);
    }

    /// Whether a parameter has a row for each token: the input table and an untied head.
    public static boolean isTokenTable(String name) {
        return name.equals(WORD_EMBEDDINGS) || name.equals(HEAD);
    }

    /// `layers.3.qkv` for layer 3.
    public static String layerName(int layer, String part) {
        return "layers." + layer + "." + part;
    }

    /// All parameters in buffer order.
    public List<Parameter> parameters() {
        return new ArrayList<>(byName.values());
    }

    public Parameter get(String name) {
        Parameter parameter = byName.get(name);
        if (parameter == null) {
            throw new ModelException("the model has no parameter '" + name + "'");
        }
        return parameter;
    }

    public boolean has(String name) {
        return byName.containsKey(name);
    }

    /// Length of the flat buffers, gaps of the alignment included.
    public long elements() {
        return elements;
    }

    /// Trained numbers, gaps not counted.
    public long parameterCount() {
        return byName.values().stream().mapToLong(Parameter::elements).sum();
    }

    private void linear(String name, long rows, long cols, Init init, GptConfig config) {
        matrix(name + ".weight", rows, cols, init);
        if (config.hasBias()) {
            vector(name + ".bias", rows, Init.ZERO);
        }
    }

    private void norm(String name, GptConfig config) {
        vector(name + ".weight", config.hiddenSize(), Init.UNIT_SCALE);
        vector(name + ".bias", config.hiddenSize(), Init.ZERO);
    }

    private void matrix(String name, long rows, long cols, Init init) {
        add(new Parameter(name, elements, rows, cols, false, true, init));
    }

    private void vector(String name, long length, Init init) {
        add(new Parameter(name, elements, length, 1, true, false, init));
    }

    private void add(Parameter parameter) {
        byName.put(parameter.name(), parameter);
        elements += (parameter.elements() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
}
