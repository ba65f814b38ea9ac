package dev.vernacular.model;

import dev.vernacular.kernels.Activation;
import dev.vernacular.kernels.Norm;

/// The architecture of a GPT: what decides the shapes of its parameters and the arithmetic of its forward pass.
/// Names are those of NeMo's model config.
///
/// @param layers                L
/// @param hiddenSize            C
/// @param ffnHiddenSize         width inside the MLP
/// @param heads                 H
/// @param headSize              D, `kv_channels`; normally C / H
/// @param maxPositions          rows of the position table; longest sequence
/// @param paddedVocabularySize  Vp, rows of the token table, at least the tokenizer's size
/// @param activation            of the MLP
/// @param norm                  LayerNorm's kind, `epsilon` its constant
/// @param ropeDims              rotated components of q and k, 0 for learned positions
/// @param ropeBase              `rotary_base`
/// @param positionScale         `seq_len_interpolation_factor`, positions are divided by it
/// @param isTied                the head is the token table
/// @param hasBias               linear layers have biases; norms always do
/// @param scalesScores          scores are divided by the root of D
/// @param hiddenDropout         of the embedding and the residual branches; `attentionDropout` of the
///                              probabilities
/// @param initStd               `init_method_std`; `scaledInit` divides it by sqrt(2 L) for projections into
///                              the residual
public record GptConfig(
        int layers,
        int hiddenSize,
        int ffnHiddenSize,
        int heads,
        int headSize,
        int maxPositions,
        int paddedVocabularySize,
        Activation activation,
        Norm norm,
        float epsilon,
        int ropeDims,
        double ropeBase,
        double positionScale,
        boolean isTied,
        boolean hasBias,
        boolean scalesScores,
        float hiddenDropout,
        float attentionDropout,
        double initStd,
        boolean scaledInit) {

    public GptConfig {
        requirePositive("num_layers", layers);
        requirePositive("hidden_size", hiddenSize);
        requirePositive("ffn_hidden_size", ffnHiddenSize);
        requirePositive("num_attention_heads", heads);
        requirePositive("kv_channels", headSize);
        if ((long) heads * headSize > Integer.MAX_VALUE) {
            throw new ModelException("num_attention_heads is " + heads + " and kv_channels " + headSize
                    + ", together more than any model's");
        }
        requirePositive("max_position_embeddings", maxPositions);
        requirePositive("the padded vocabulary size", paddedVocabularySize);
        requireProbability("hidden_dropout", hiddenDropout);
        requireProbability("attention_dropout", attentionDropout);
        if (ropeDims < 0 || ropeDims > headSize || ropeDims % 2 != 0) {
            throw new ModelException("rotary_percentage gives " + ropeDims + " rotated components of a head of "
                    + headSize + "; an even number up to that is needed");
        }
    }

    /// GPT-2's architecture at these sizes, without dropout.
    ///
    /// @param rows of the token table
    public static GptConfig gpt2(int layers, int hiddenSize, int heads, int maxPositions, int rows) {
        return new GptConfig(
                layers,
                hiddenSize,
                4 * hiddenSize,
                heads,
                hiddenSize / heads,
                maxPositions,
                rows,
                Activation.GELU_TANH,
                Norm.LAYERNORM,
                1e-5f,
                0,
                10_000,
                1,
                true,
                true,
                true,
                0f,
                0f,
                0.02,
                true);
    }

    /// Width of all heads together: rows of Q, of K and of V.
    public int attentionSize() {
        return heads * headSize;
    }

    /// Factor on attention scores: `1 / sqrt(D)` or 1.
    public float scoreScale() {
        return scalesScores ? (float) (1 / Math.sqrt(headSize)) : 1f;
    }

    public boolean usesRope() {
        return ropeDims > 0;
    }

    /// The same model with another number of token rows.
    public GptConfig withPaddedVocabularySize(int rows) {
        return new GptConfig(
                layers,
                hiddenSize,
                ffnHiddenSize,
                heads,
                headSize,
                maxPositions,
                rows,
                activation,
                norm,
                epsilon,
                ropeDims,
                ropeBase,
                positionScale,
                isTied,
                hasBias,
                scalesScores,
                hiddenDropout,
                attentionDropout,
                initStd,
                scaledInit);
    }

    private static void requirePositive(String key, int value) {
        if (value <= 0) {
            throw new ModelException(key + " is " + value + ", it must be positive");
        }
    }

    private static void requireProbability(String key, float value) {
        if (!(value >= 0 && value < 1)) {
            throw new ModelException(key + " is " + value + ", it must be at least 0 and below 1");
        }
    }
}
