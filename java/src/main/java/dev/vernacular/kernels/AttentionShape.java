package dev.vernacular.kernels;

/// Sizes and positions of an attention call.
///
/// @param batch          B
/// @param sequenceLength T, new tokens of each sequence
/// @param heads          H query heads
/// @param kvHeads        key and value heads; equal to `heads` unless query groups are used
/// @param headSize       D, 1 .. 256
/// @param scale          of the scores, normally `1 / sqrt(D)`
/// @param rope           [2, P, dims / 2] float32, cosines then sines, or [Tensor#NONE]
/// @param positions      [B, T] int32 for the rope table, or [Tensor#NONE] for 0 .. T-1
/// @param documentStarts [B, T] int32, the first key each token may attend to, or [Tensor#NONE] for 0
public record AttentionShape(
        long batch,
        long sequenceLength,
        long heads,
        long kvHeads,
        long headSize,
        float scale,
        Tensor rope,
        Tensor positions,
        Tensor documentStarts) {

    public AttentionShape {
        if (batch < 0 || sequenceLength < 0 || heads <= 0 || kvHeads <= 0 || headSize <= 0 || heads % kvHeads != 0) {
            throw new IllegalArgumentException("attention over batch " + batch + ", sequence length " + sequenceLength
                    + ", heads " + heads + ", kv heads " + kvHeads + ", head size " + headSize);
        }
    }

    /// Plain causal attention with as many key heads as query heads.
    public static AttentionShape causal(long batch, long sequenceLength, long heads, long headSize) {
        float scale = (float) (1 / Math.sqrt(headSize));
        return new AttentionShape(
                batch, sequenceLength, heads, heads, headSize, scale, Tensor.NONE, Tensor.NONE, Tensor.NONE);
    }

    /// Components of q and k that the rope table rotates; 0 without one.
    public long ropeDims() {
        return rope.isNone() ? 0 : 2 * rope.size(-1);
    }
}
