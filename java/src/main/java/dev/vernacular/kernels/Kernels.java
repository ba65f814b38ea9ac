package dev.vernacular.kernels;

/// The operations of a GPT's training step and of decoding, each the size of one kernel launch: the seam
/// between the model and its backends. `vernacular.h` states the mathematics of each; names and order here are
/// the same.
///
/// Sizes come from the tensors' shapes, which every implementation checks; axes may be joined ([B, T, C] serves
/// as [rows, C]). Outputs come first. An optional tensor that is absent is [Tensor#NONE]. Activations and their
/// gradients share one dtype (float32, bfloat16 or float16), the residual stream has its own; statistics,
/// masters and parameter gradients are float32 (all of them float64 in a
/// [dev.vernacular.kernels.reference.ReferenceKernels] run for finite differences). `accumulate` adds to a
/// parameter gradient instead of writing it. Calls may be asynchronous:
/// [dev.vernacular.kernels.memory.Device#synchronize] waits.
///
/// Every method throws [KernelException] when an argument or the backend is at fault, and then has written
/// nothing.
public interface Kernels extends AutoCloseable {
    /// What runs, for a person: backend, instruction set or device, threads.
    String describe();

    /// The workspace and the step block that later calls use.
    ///
    /// @param workspace at least [#scratchBytes] bytes, any shape
    /// @param step      a [dev.vernacular.kernels.memory.StepBlock]'s tensor
    void bind(Tensor workspace, Tensor step);

    /// Bytes of workspace that no call at these sizes exceeds.
    long scratchBytes(Sizes sizes);

    /// The largest sizes a run will use: rows = B * T of a micro-batch, T, hidden size C, heads H, head size D,
    /// feed-forward size, padded vocabulary.
    record Sizes(
            long rows,
            long sequenceLength,
            long hiddenSize,
            long heads,
            long headSize,
            long ffnHiddenSize,
            long paddedVocabularySize,
            Dtype dtype,
            boolean training) {}

    // ---- compute copies ---------------------------------------------------------------------------------------------

    /// Bytes of the compute copy of a [rows, cols] matrix; 0 when the backend reads the master.
    long computeCopyBytes(long rows, long cols, Dtype dtype, boolean training);

    /// copy = the master in the backend's layout and `weight.copyDtype()`.
    void computeCopyRefresh(Weight weight, Tensor master);

    /// out [count, cols] float32 = rows `first ..` of the copy.
    void computeCopyRows(Tensor out, Weight weight, long first);

    // ---- embedding --------------------------------------------------------------------------------------------------

    /// `out[r] = dropout(tokens[ids[r]] + positionTable[positions[r]])`.
    ///
    /// @param out           [rows, C] residual dtype, written
    /// @param ids           [rows] int32
    /// @param positions     [rows] int32, or none without a table
    /// @param tokens        [Vp, C]
    /// @param positionTable [P, C] float32, or none (rope)
    void embeddingForward(
            Tensor out, Tensor ids, Tensor positions, Weight tokens, Tensor positionTable, Dropout dropout);

    /// @param dTokens        [Vp, C] float32
    /// @param dPositionTable [P, C] float32, or none
    /// @param dOut           [rows, C] residual dtype
    /// @param byId           rows grouped by id
    /// @param byPosition     rows grouped by position; ignored without a table
    void embeddingBackward(
            Tensor dTokens,
            Tensor dPositionTable,
            Tensor dOut,
            Tensor ids,
            RowGroups byId,
            Tensor positions,
            RowGroups byPosition,
            Dropout dropout,
            boolean accumulateTokens,
            boolean accumulatePositions);

    // ---- residual + LayerNorm ---------------------------------------------------------------------------------------

    /// `sum = residual + dropout(x); out = (sum - mean) * rstd * weight + bias` (Ba et al. 2016).
    ///
    /// @param sum      [rows, C] residual dtype, written; none when `x` is none
    /// @param out      [rows, C] dtype, written; none when only the sum is wanted
    /// @param mean     [rows] float32, written; `rstd` likewise; none with `out`
    /// @param residual [rows, C] residual dtype
    /// @param x        [rows, C] dtype, or none: `residual` itself is normalised
    /// @param weight   [C] float32; `bias` likewise, or none
    void residualLayerNormForward(
            Tensor sum,
            Tensor out,
            Tensor mean,
            Tensor rstd,
            Tensor residual,
            Tensor x,
            Tensor weight,
            Tensor bias,
            float epsilon,
            Norm norm,
            Dropout dropout);

    /// `dResidual (+)= LN'(dOut); dX = dropout'(dResidual)`.
    ///
    /// @param dResidual   [rows, C] residual dtype: with `addResidual` the gradient of `sum` from above; on
    ///                    return the whole gradient of `sum`
    /// @param dX          [rows, C] dtype, written; none when forward had no `x`
    /// @param dWeight     [C] float32; `dBias` likewise, or none
    /// @param sum         [rows, C], what forward normalised
    /// @param addResidual add to `dResidual` instead of writing it
    void residualLayerNormBackward(
            Tensor dResidual,
            Tensor dX,
            Tensor dWeight,
            Tensor dBias,
            Tensor dOut,
            Tensor sum,
            Tensor mean,
            Tensor rstd,
            Tensor weight,
            Norm norm,
            Dropout dropout,
            boolean addResidual,
            boolean accumulate);

    // ---- linear -----------------------------------------------------------------------------------------------------

    /// `pre = x weightᵀ + bias; y = activation(pre)`; `y` comes from `pre` as stored, so that it can be
    /// recomputed.
    ///
    /// @param y    [rows, N] dtype, written
    /// @param pre  [rows, N] dtype, written; none to drop it, and without an activation
    /// @param x    [rows, K] dtype
    /// @param bias [N] float32, or none
    void linearForward(Tensor y, Tensor pre, Tensor x, Weight weight, Tensor bias, Activation activation);

    /// `dX = (dY weight) * activation'(xPre); dWeight (+)= dYᵀ x; dBias (+)= Σ dY`.
    ///
    /// @param dX   [rows, K] dtype, written; `dWeight` [N, K], `dBias` [N] float32; each may be none
    /// @param dY   [rows, N] dtype
    /// @param x    [rows, K] dtype, forward's input
    /// @param xPre [rows, K] dtype, the pre-activation of `x` when `x = activation(xPre)`, else none
    void linearBackward(
            Tensor dX,
            Tensor dWeight,
            Tensor dBias,
            Tensor dY,
            Tensor x,
            Tensor xPre,
            Weight weight,
            Activation activation,
            boolean accumulate);

    /// `pre = x + bias; y = activation(pre)`: the unfused form; with `pre` and `bias` none it recomputes `y`.
    void biasActivationForward(Tensor y, Tensor pre, Tensor x, Tensor bias, Activation activation);

    /// `dX = dY * activation'(pre); dBias (+)= Σ dX` ([N] float32, or none). `dX` may be `dY`.
    void biasActivationBackward(
            Tensor dX, Tensor dBias, Tensor dY, Tensor pre, Activation activation, boolean accumulate);

    // ---- attention --------------------------------------------------------------------------------------------------

    /// Causal softmax attention over packed queries, keys, values; T x T scores are never kept.
    ///
    /// @param out       [B, T, H, D] dtype, written
    /// @param logSumExp [B, H, T] float32, written: of the scaled scores of each row
    /// @param qkv       [B, T, H + 2 kvHeads, D] dtype: all queries, then keys, then values
    void attentionForward(Tensor out, Tensor logSumExp, Tensor qkv, AttentionShape shape, Dropout dropout);

    /// @param dQkv as `qkv`, written; `dOut` as `out`; the rest as forward left it
    void attentionBackward(
            Tensor dQkv, Tensor dOut, Tensor out, Tensor logSumExp, Tensor qkv, AttentionShape shape, Dropout dropout);

    /// Appends the (rotated) keys and the values of T new tokens a sequence to the caches, at `lengths[b]`.
    ///
    /// @param keys    [B, kvHeads, capacity, D] dtype; `values` likewise
    /// @param lengths [B] int32, tokens already there; the caller advances it after [#decodeAttention]
    void kvAppend(Tensor keys, Tensor values, Tensor qkv, Tensor lengths, AttentionShape shape);

    /// The T new queries of each sequence against its `lengths[b] + T` keys, causal.
    ///
    /// @param out [B, T, H, D] dtype, written
    void decodeAttention(Tensor out, Tensor qkv, Tensor keys, Tensor values, Tensor lengths, AttentionShape shape);

    // ---- classifier -------------------------------------------------------------------------------------------------

    /// `losses[r] = -log softmax(hidden[r] headᵀ)[labels[r]]` over the first `columns` columns, and with `g[r]
    /// = rowScale[r] * lossScale` the gradients of `Σ g[r] losses[r]`. Logits exist for some rows at a time.
    ///
    /// @param losses   [rows] float32, nats, written; 0 where the label is -1
    /// @param dHidden  [rows, C] dtype, written; none for forward only (`dHead` and `rowScale` are then none
    ///                 too)
    /// @param dHead    [Vp, C] float32
    /// @param labels   [rows] int32
    /// @param rowScale [rows] float32
    void classifierForwardBackward(
            Tensor losses,
            Tensor dHidden,
            Tensor dHead,
            Tensor hidden,
            Tensor labels,
            Tensor rowScale,
            Weight head,
            long columns,
            boolean accumulate);

    /// logits [rows, Vp] float32 = `hidden headᵀ`.
    void classifierLogits(Tensor logits, Tensor hidden, Weight head);

    // ---- optimizer --------------------------------------------------------------------------------------------------

    /// Writes the step block's `gradientNorm`, `gradientScale` (clip factor / loss scale) and `skip` (not
    /// finite).
    ///
    /// @param gradients flat float32
    /// @param segments  a [ParameterSegments]' tensor
    /// @param clip      largest norm, 0 for no clipping
    void gradientNorm(Tensor gradients, ParameterSegments segments, float clip);

    /// One AdamW update of `masters` from `gradients * gradientScale`, with the step block's learning rate and
    /// count; refreshes compute copies. Does nothing when the step block says skip.
    ///
    /// @param masters flat float32; `m`, `v` (moments), `gradients` likewise
    void adamwUpdate(Tensor masters, Tensor m, Tensor v, Tensor gradients, ParameterSegments segments, AdamW adamw);

    // ---- sampling ---------------------------------------------------------------------------------------------------

    /// Chooses an id for each row of logits.
    ///
    /// @param ids      [rows] int32, written
    /// @param logprobs [rows] float32, written: log softmax of the given logits at the chosen id; or none
    /// @param logits   [rows, Vp] float32, overwritten; only the first `columns` columns count
    /// @param draw     number of the token drawn, part of the generator's counter
    void sample(Tensor ids, Tensor logprobs, Tensor logits, long columns, Sampling sampling, long draw);

    /// Divides positive and multiplies negative logits of ids that occur in `previous[r, 0 .. lengths[r]-1]`.
    ///
    /// @param previous [rows, capacity] int32; `lengths` [rows] int32
    void penalizeRepetition(Tensor logits, Tensor previous, Tensor lengths, float penalty);

    // ---- glue -------------------------------------------------------------------------------------------------------

    /// `out = x` in `out`'s dtype, rounded to nearest even.
    void cast(Tensor out, Tensor x);

    /// `y += a x`, float32.
    void axpy(Tensor y, Tensor x, float a);

    /// `y *= a`, float32.
    void scale(Tensor y, float a);

    /// `out [C] (+)= Σ_r x[r]`, float32 from `x`'s dtype.
    void reduceRows(Tensor out, Tensor x, boolean accumulate);

    @Override
    void close();
}
