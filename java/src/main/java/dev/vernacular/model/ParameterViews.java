package dev.vernacular.model;

import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.Weight;
import dev.vernacular.model.ParameterLayout.Parameter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/// The parameters of a model, or their gradients, by their place in the network: views into memory that others
/// own.
final class ParameterViews {
    private final ParameterLayout layout;
    private final Function<Parameter, Tensor> masters;
    private final Map<String, Tensor> copies;
    private final Dtype copyDtype;
    private final List<LayerParameters> layers = new ArrayList<>();

    /// One transformer block's.
    ///
    /// @param attentionNorm [C], as `mlpNorm`
    /// @param qkv           [3 H D, C], rows all queries, all keys, all values
    /// @param projection    [C, H D]
    /// @param up            [F, C]
    /// @param down          [C, F]
    record LayerParameters(
            NormParameters attentionNorm,
            LinearParameters qkv,
            LinearParameters projection,
            NormParameters mlpNorm,
            LinearParameters up,
            LinearParameters down) {}

    /// @param weight [C]; `bias` likewise
    record NormParameters(Tensor weight, Tensor bias) {}

    /// @param weight [N, K]
    /// @param bias   [N], or [Tensor#NONE] in a model without biases
    record LinearParameters(Weight weight, Tensor bias) {}

    /// Views of one flat buffer.
    ///
    /// @param flat [layout.elements()]
    ParameterViews(GptConfig config, ParameterLayout layout, Tensor flat) {
        this(config, layout, flat, Map.of(), Dtype.F32);
    }

    /// Views of a flat buffer whose matrices are read from compute copies where there is one.
    ///
    /// @param copies by parameter name
    ParameterViews(GptConfig config, ParameterLayout layout, Tensor flat, Map<String, Tensor> copies, Dtype copyDtype) {
        this(config, layout, parameter -> view(flat, parameter), copies, copyDtype);
    }

    /// @param masters gives a parameter's values, or [Tensor#NONE] where only the compute copy exists
    ParameterViews(
            GptConfig config,
            ParameterLayout layout,
            Function<Parameter, Tensor> masters,
            Map<String, Tensor> copies,
            Dtype copyDtype) {
        this.layout = layout;
        this.masters = masters;
        this.copies = Map.copyOf(copies);
        this.copyDtype = copyDtype;
        for (int layer = 0; layer < config.layers(); layer++) {
            layers.add(new LayerParameters(
                    norm(ParameterLayout.layerName(layer, ParameterLayout.ATTENTION_NORM)),
                    linear(ParameterLayout.layerName(layer, ParameterLayout.QKV)),
                    linear(ParameterLayout.layerName(layer, ParameterLayout.PROJECTION)),
                    norm(ParameterLayout.layerName(layer, ParameterLayout.MLP_NORM)),
                    linear(ParameterLayout.layerName(layer, ParameterLayout.UP)),
                    linear(ParameterLayout.layerName(layer, ParameterLayout.DOWN))));
        }
    }

    /// A parameter's part of a flat buffer, in its shape.
    static Tensor view(Tensor flat, Parameter parameter) {
        return flat.slice(parameter.offset(), parameter.elements()).reshape(parameter.shape());
    }

    LayerParameters layer(int layer) {
        return layers.get(layer);
    }

    NormParameters finalNorm() {
        return norm(ParameterLayout.FINAL_NORM);
    }

    /// The token table, [Vp, C].
    Weight wordEmbeddings() {
        return weight(ParameterLayout.WORD_EMBEDDINGS);
    }

    /// [P, C], or [Tensor#NONE] with rope.
    Tensor positionEmbeddings() {
        return optional(ParameterLayout.POSITION_EMBEDDINGS);
    }

    /// [Vp, C]; the token table when it is tied.
    Weight head() {
        return weight(layout.has(ParameterLayout.HEAD) ? ParameterLayout.HEAD : ParameterLayout.WORD_EMBEDDINGS);
    }

    private NormParameters norm(String name) {
        return new NormParameters(optional(name + ".weight"), optional(name + ".bias"));
    }

    private LinearParameters linear(String name) {
        return new LinearParameters(weight(name + ".weight"), optional(name + ".bias"));
    }

    private Tensor optional(String name) {
        return layout.has(name) ? masters.apply(layout.get(name)) : Tensor.NONE;
    }

    private Weight weight(String name) {
        Parameter parameter = layout.get(name);
        Tensor copy = copies.getOrDefault(name, Tensor.NONE);
        return new Weight(masters.apply(parameter), copy, copyDtype, parameter.rows(), parameter.cols());
    }
}
