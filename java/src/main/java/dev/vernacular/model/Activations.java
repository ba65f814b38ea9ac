package dev.vernacular.model;

import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/// The buffers of one micro-batch of B sequences of T tokens (rows = B T).
///
/// Kept for backward, a layer: its two residual sums with their statistics, q/k/v, the attention's output and
/// log-sum-exp, and the MLP's pre-activation. Outputs of norms and of the activation are computed again in
/// backward (1 % of the time, a third of the memory). Forward alone keeps one layer's buffers and uses them for
/// all.
///
/// @param normed         [rows, C] dtype, output of the norm at hand
/// @param activated      [rows, F] dtype, output of the MLP's activation
/// @param branch         [rows, C] dtype, output of attention or MLP before it joins the stream
/// @param last           the stream after the last block
/// @param hidden         [rows, C] dtype, what the head reads
/// @param losses         [rows] nats
/// @param dStream        [rows, C] residual dtype, gradient of the stream
/// @param dHidden        [rows, C] dtype
/// @param dBranch        [rows, C] dtype
/// @param dNormed        [rows, C] dtype; shares its memory with `dAttended` [rows, H D]
/// @param dPreActivation [rows, F] dtype; shares its memory with `dQkv` [rows, 3 H D]
record Activations(
        List<Layer> layers,
        Tensor normed,
        Tensor activated,
        Tensor branch,
        Stream last,
        Tensor hidden,
        Tensor losses,
        Tensor dStream,
        Tensor dHidden,
        Tensor dBranch,
        Tensor dNormed,
        Tensor dAttended,
        Tensor dPreActivation,
        Tensor dQkv) {
    static final String KIND = "activations";

    /// The residual stream at a norm.
    ///
    /// @param sum  [rows, C] residual dtype
    /// @param mean [rows] of the norm over `sum`; `rstd` likewise
    record Stream(Tensor sum, Tensor mean, Tensor rstd) {}

    /// What one block keeps.
    ///
    /// @param input         the stream that enters the block
    /// @param qkv           [rows, 3 H D] dtype
    /// @param attended      [rows, H D] dtype
    /// @param logSumExp     [B, H, T]
    /// @param middle        the stream after attention
    /// @param preActivation [rows, F] dtype
    record Layer(Stream input, Tensor qkv, Tensor attended, Tensor logSumExp, Stream middle, Tensor preActivation) {}

    /// Lays the buffers out.
    ///
    /// @param training with what backward needs
    static Activations in(
            Space space, GptConfig config, Precision precision, long batch, long sequenceLength, boolean training) {
        long rows = batch * sequenceLength;
        long hiddenSize = config.hiddenSize();
        long attention = config.attentionSize();
        long ffn = config.ffnHiddenSize();
        Dtype dtype = precision.activation();
        Tensor dWide = gradient(training, space, "d_wide", dtype, rows, Math.max(3 * attention, ffn));
        Tensor dNarrow = gradient(training, space, "d_narrow", dtype, rows, Math.max(attention, hiddenSize));
        return new Activations(
                layers(space, config, precision, batch, sequenceLength, training),
                space.take(KIND, "normed", dtype, rows, hiddenSize),
                space.take(KIND, "activated", dtype, rows, ffn),
                space.take(KIND, "branch", dtype, rows, hiddenSize),
                stream(space, "last", precision, rows, hiddenSize),
                space.take(KIND, "hidden", dtype, rows, hiddenSize),
                space.take(KIND, "losses", precision.parameter(), rows),
                gradient(training, space, "d_stream", precision.residual(), rows, hiddenSize),
                gradient(training, space, "d_hidden", dtype, rows, hiddenSize),
                gradient(training, space, "d_branch", dtype, rows, hiddenSize),
                Space.prefix(dNarrow, rows, hiddenSize),
                Space.prefix(dNarrow, rows, attention),
                Space.prefix(dWide, rows, ffn),
                Space.prefix(dWide, rows, 3 * attention));
    }

    private static List<Layer> layers(
            Space space, GptConfig config, Precision precision, long batch, long sequenceLength, boolean training) {
        if (!training) {
            return Collections.nCopies(
                    config.layers(), layer(space, "layer.", config, precision, batch, sequenceLength));
        }
        List<Layer> layers = new ArrayList<>();
        for (int layer = 0; layer < config.layers(); layer++) {
            layers.add(layer(space, "layers." + layer + ".", config, precision, batch, sequenceLength));
        }
        return List.copyOf(layers);
    }

    private static Layer layer(
            Space space, String name, GptConfig config, Precision precision, long batch, long sequenceLength) {
        long rows = batch * sequenceLength;
        Dtype dtype = precision.activation();
        return new Layer(
                stream(space, name + "input", precision, rows, config.hiddenSize()),
                space.take(KIND, name + "qkv", dtype, rows, 3L * config.attentionSize()),
                space.take(KIND, name + "attended", dtype, rows, config.attentionSize()),
                space.take(KIND, name + "log_sum_exp", precision.parameter(), batch, config.heads(), sequenceLength),
                stream(space, name + "middle", precision, rows, config.hiddenSize()),
                space.take(KIND, name + "pre_activation", dtype, rows, config.ffnHiddenSize()));
    }

    private static Stream stream(Space space, String name, Precision precision, long rows, long hiddenSize) {
        return new Stream(
                space.take(KIND, name + ".sum", precision.residual(), rows, hiddenSize),
                space.take(KIND, name + ".mean", precision.parameter(), rows),
                space.take(KIND, name + ".rstd", precision.parameter(), rows));
    }

    private static Tensor gradient(boolean training, Space space, String name, Dtype dtype, long rows, long cols) {
        return training ? space.take(KIND, name, dtype, rows, cols) : Tensor.NONE;
    }
}
