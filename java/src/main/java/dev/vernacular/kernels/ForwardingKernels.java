package dev.vernacular.kernels;

/// Other kernels with some operations replaced: what is not overridden goes through.
public abstract class ForwardingKernels implements Kernels {
    private final Kernels kernels;

    /// @param kernels closed with this
    protected ForwardingKernels(Kernels kernels) {
        this.kernels = kernels;
    }

    /// What the replaced operations may use.
    protected final Kernels inner() {
        return kernels;
    }

    @Override
    public String describe() {
        return kernels.describe();
    }

    @Override
    public void bind(Tensor workspace, Tensor step) {
        kernels.bind(workspace, step);
    }

    @Override
    public long scratchBytes(Sizes sizes) {
        return kernels.scratchBytes(sizes);
    }

    @Override
    public long computeCopyBytes(long rows, long cols, Dtype dtype, boolean training) {
        return kernels.computeCopyBytes(rows, cols, dtype, training);
    }

    @Override
    public void computeCopyRefresh(Weight weight, Tensor master) {
        kernels.computeCopyRefresh(weight, master);
    }

    @Override
    public void computeCopyRows(Tensor out, Weight weight, long first) {
        kernels.computeCopyRows(out, weight, first);
    }

    @Override
    public void embeddingForward(
            Tensor out, Tensor ids, Tensor positions, Weight tokens, Tensor positionTable, Dropout dropout) {
        kernels.embeddingForward(out, ids, positions, tokens, positionTable, dropout);
    }

    @Override
    public void embeddingBackward(
            Tensor dTokens,
            Tensor dPositionTable,
            Tensor dOut,
            Tensor ids,
            RowGroups byId,
            Tensor positions,
            RowGroups byPosition,
            Dropout dropout,
            boolean accumulateTokens,
            boolean accumulatePositions) {
        kernels.embeddingBackward(
                dTokens,
                dPositionTable,
                dOut,
                ids,
                byId,
                positions,
                byPosition,
                dropout,
                accumulateTokens,
                accumulatePositions);
    }

    @Override
    public void residualLayerNormForward(
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
            Dropout dropout) {
        kernels.residualLayerNormForward(sum, out, mean, rstd, residual, x, weight, bias, epsilon, norm, dropout);
    }

    @Override
    public void residualLayerNormBackward(
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
            boolean accumulate) {
        kernels.residualLayerNormBackward(
                dResidual, dX, dWeight, dBias, dOut, sum, mean, rstd, weight, norm, dropout, addResidual, accumulate);
    }

    @Override
    public void linearForward(Tensor y, Tensor pre, Tensor x, Weight weight, Tensor bias, Activation activation) {
        kernels.linearForward(y, pre, x, weight, bias, activation);
    }

    @Override
    public void linearBackward(
            Tensor dX,
            Tensor dWeight,
            Tensor dBias,
            Tensor dY,
            Tensor x,
            Tensor xPre,
            Weight weight,
            Activation activation,
            boolean accumulate) {
        kernels.linearBackward(dX, dWeight, dBias, dY, x, xPre, weight, activation, accumulate);
    }

    @Override
    public void biasActivationForward(Tensor y, Tensor pre, Tensor x, Tensor bias, Activation activation) {
        kernels.biasActivationForward(y, pre, x, bias, activation);
    }

    @Override
    public void biasActivationBackward(
            Tensor dX, Tensor dBias, Tensor dY, Tensor pre, Activation activation, boolean accumulate) {
        kernels.biasActivationBackward(dX, dBias, dY, pre, activation, accumulate);
    }

    @Override
    public void attentionForward(Tensor out, Tensor logSumExp, Tensor qkv, AttentionShape shape, Dropout dropout) {
        kernels.attentionForward(out, logSumExp, qkv, shape, dropout);
    }

    @Override
    public void attentionBackward(
            Tensor dQkv, Tensor dOut, Tensor out, Tensor logSumExp, Tensor qkv, AttentionShape shape, Dropout dropout) {
        kernels.attentionBackward(dQkv, dOut, out, logSumExp, qkv, shape, dropout);
    }

    @Override
    public void kvAppend(Tensor keys, Tensor values, Tensor qkv, Tensor lengths, AttentionShape shape) {
        kernels.kvAppend(keys, values, qkv, lengths, shape);
    }

    @Override
    public void decodeAttention(
            Tensor out, Tensor qkv, Tensor keys, Tensor values, Tensor lengths, AttentionShape shape) {
        kernels.decodeAttention(out, qkv, keys, values, lengths, shape);
    }

    @Override
    public void classifierForwardBackward(
            Tensor losses,
            Tensor dHidden,
            Tensor dHead,
            Tensor hidden,
            Tensor labels,
            Tensor rowScale,
            Weight head,
            long columns,
            boolean accumulate) {
        kernels.classifierForwardBackward(losses, dHidden, dHead, hidden, labels, rowScale, head, columns, accumulate);
    }

    @Override
    public void classifierLogits(Tensor logits, Tensor hidden, Weight head) {
        kernels.classifierLogits(logits, hidden, head);
    }

    @Override
    public void gradientNorm(Tensor gradients, ParameterSegments segments, float clip) {
        kernels.gradientNorm(gradients, segments, clip);
    }

    @Override
    public void adamwUpdate(
            Tensor masters, Tensor m, Tensor v, Tensor gradients, ParameterSegments segments, AdamW adamw) {
        kernels.adamwUpdate(masters, m, v, gradients, segments, adamw);
    }

    @Override
    public void sample(Tensor ids, Tensor logprobs, Tensor logits, long columns, Sampling sampling, long draw) {
        kernels.sample(ids, logprobs, logits, columns, sampling, draw);
    }

    @Override
    public void penalizeRepetition(Tensor logits, Tensor previous, Tensor lengths, float penalty) {
        kernels.penalizeRepetition(logits, previous, lengths, penalty);
    }

    @Override
    public void cast(Tensor out, Tensor x) {
        kernels.cast(out, x);
    }

    @Override
    public void axpy(Tensor y, Tensor x, float a) {
        kernels.axpy(y, x, a);
    }

    @Override
    public void scale(Tensor y, float a) {
        kernels.scale(y, a);
    }

    @Override
    public void reduceRows(Tensor out, Tensor x, boolean accumulate) {
        kernels.reduceRows(out, x, accumulate);
    }

    @Override
    public void close() {
        kernels.close();
    }
}
