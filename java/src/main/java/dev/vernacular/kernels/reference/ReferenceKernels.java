package dev.vernacular.kernels.reference;

import dev.vernacular.kernels.Activation;
import dev.vernacular.kernels.AdamW;
import dev.vernacular.kernels.AttentionShape;
import dev.vernacular.kernels.Dropout;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.KernelException;
import dev.vernacular.kernels.Kernels;
import dev.vernacular.kernels.Norm;
import dev.vernacular.kernels.ParameterSegments;
import dev.vernacular.kernels.RowGroups;
import dev.vernacular.kernels.Sampling;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.Weight;
import dev.vernacular.kernels.contract.Shapes;
import dev.vernacular.kernels.numbers.Elements;

/// The definition of every operation: plain loops on one thread, computing in double and rounding once, to
/// nearest even, whenever something is stored. Every tensor may be float64, which is what finite differences
/// run in.
///
/// Products read masters exactly as they are; a compute copy (bfloat16, float16, int8) is read where no master
/// is given.
public final class ReferenceKernels implements Kernels {
    private final Shapes shapes = new Shapes(true);
    private Tensor step = Tensor.NONE;

    @Override
    public String describe() {
        return "reference: plain Java in double precision, 1 thread";
    }

    @Override
    public void bind(Tensor workspace, Tensor boundStep) {
        shapes.bind(workspace, boundStep);
        step = boundStep;
    }

    /// 0: it works in Java arrays.
    @Override
    public long scratchBytes(Sizes sizes) {
        return 0;
    }

    @Override
    public long computeCopyBytes(long rows, long cols, Dtype dtype, boolean training) {
        boolean isCopied = !training && (dtype == Dtype.BF16 || dtype == Dtype.F16 || dtype == Dtype.I8);
        return isCopied ? WeightRows.copyBytes(rows, cols, dtype) : 0;
    }

    @Override
    public void computeCopyRefresh(Weight weight, Tensor master) {
        shapes.computeCopyRefresh(weight, master, copyBytes(weight));
        WeightRows.refresh(weight, master);
    }

    @Override
    public void computeCopyRows(Tensor out, Weight weight, long first) {
        shapes.computeCopyRows(out, weight, first, copyBytes(weight));
        double[] row = new double[Math.toIntExact(weight.cols())];
        for (long i = 0; i < out.elements() / weight.cols(); i++) {
            WeightRows.readCopy(row, weight, first + i);
            Elements.write(out, i * weight.cols(), row);
        }
    }

    private static long copyBytes(Weight weight) {
        return WeightRows.copyBytes(weight.rows(), weight.cols(), weight.copyDtype());
    }

    // ---- embedding --------------------------------------------------------------------------------------------------

    @Override
    public void embeddingForward(
            Tensor out, Tensor ids, Tensor positions, Weight tokens, Tensor positionTable, Dropout dropout) {
        shapes.embeddingForward(out, ids, positions, tokens, positionTable, dropout);
        Embedding.forward(out, ids, positions, tokens, positionTable, dropout, step());
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
        shapes.embeddingBackward(dTokens, dPositionTable, dOut, ids, byId, positions, byPosition, dropout);
        Embedding.backward(dTokens, dOut, ids, byId, dropout, accumulateTokens, step());
        if (dPositionTable.isPresent()) {
            Embedding.backward(dPositionTable, dOut, positions, byPosition, dropout, accumulatePositions, step());
        }
    }

    // ---- residual + LayerNorm ---------------------------------------------------------------------------------------

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
        shapes.residualLayerNormForward(sum, out, mean, rstd, residual, x, weight, bias, dropout);
        ResidualLayerNorm.forward(
                sum, out, mean, rstd, residual, x, weight, bias, epsilon, norm, dropout, stepFor(dropout));
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
        shapes.residualLayerNormBackward(dResidual, dX, dWeight, dBias, dOut, sum, mean, rstd, weight, dropout);
        ResidualLayerNorm.backward(
                dResidual,
                dX,
                dWeight,
                dBias,
                dOut,
                sum,
                mean,
                rstd,
                weight,
                norm,
                dropout,
                addResidual,
                accumulate,
                stepFor(dropout));
    }

    // ---- linear -----------------------------------------------------------------------------------------------------

    @Override
    public void linearForward(Tensor y, Tensor pre, Tensor x, Weight weight, Tensor bias, Activation activation) {
        shapes.linearForward(y, pre, x, weight, bias, activation);
        Linear.forward(y, pre, x, weight, bias, activation);
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
        shapes.linearBackward(dX, dWeight, dBias, dY, x, xPre, weight, activation);
        Linear.backward(dX, dWeight, dBias, dY, x, xPre, weight, activation, accumulate);
    }

    @Override
    public void biasActivationForward(Tensor y, Tensor pre, Tensor x, Tensor bias, Activation activation) {
        shapes.biasActivationForward(y, pre, x, bias, activation);
        Linear.biasActivationForward(y, pre, x, bias, activation);
    }

    @Override
    public void biasActivationBackward(
            Tensor dX, Tensor dBias, Tensor dY, Tensor pre, Activation activation, boolean accumulate) {
        shapes.biasActivationBackward(dX, dBias, dY, pre, activation);
        Linear.biasActivationBackward(dX, dBias, dY, pre, activation, accumulate);
    }

    // ---- attention --------------------------------------------------------------------------------------------------

    @Override
    public void attentionForward(Tensor out, Tensor logSumExp, Tensor qkv, AttentionShape shape, Dropout dropout) {
        shapes.attentionForward(out, logSumExp, qkv, shape, dropout);
        new Attention(shape, dropout, step()).forward(out, logSumExp, qkv);
    }

    @Override
    public void attentionBackward(
            Tensor dQkv, Tensor dOut, Tensor out, Tensor logSumExp, Tensor qkv, AttentionShape shape, Dropout dropout) {
        shapes.attentionBackward(dQkv, dOut, out, logSumExp, qkv, shape, dropout);
        new Attention(shape, dropout, step()).backward(dQkv, dOut, out, logSumExp, qkv);
    }

    @Override
    public void kvAppend(Tensor keys, Tensor values, Tensor qkv, Tensor lengths, AttentionShape shape) {
        shapes.kvAppend(keys, values, qkv, lengths, shape);
        new CachedAttention(shape, lengths, step()).append(keys, values, qkv);
    }

    @Override
    public void decodeAttention(
            Tensor out, Tensor qkv, Tensor keys, Tensor values, Tensor lengths, AttentionShape shape) {
        shapes.decodeAttention(out, qkv, keys, values, lengths, shape);
        new CachedAttention(shape, lengths, step()).attend(out, qkv, keys, values);
    }

    // ---- classifier -------------------------------------------------------------------------------------------------

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
        shapes.classifierForwardBackward(losses, dHidden, dHead, hidden, labels, rowScale, head, columns);
        Classifier.forwardBackward(losses, dHidden, dHead, hidden, labels, rowScale, head, columns, accumulate, step());
    }

    @Override
    public void classifierLogits(Tensor logits, Tensor hidden, Weight head) {
        shapes.classifierLogits(logits, hidden, head);
        Classifier.logits(logits, hidden, head);
    }

    // ---- optimizer --------------------------------------------------------------------------------------------------

    @Override
    public void gradientNorm(Tensor gradients, ParameterSegments segments, float clip) {
        shapes.gradientNorm(gradients, segments, clip);
        Optimizer.gradientNorm(gradients, segments, clip, step());
    }

    @Override
    public void adamwUpdate(
            Tensor masters, Tensor m, Tensor v, Tensor gradients, ParameterSegments segments, AdamW adamw) {
        shapes.adamwUpdate(masters, m, v, gradients, segments);
        Optimizer.adamwUpdate(masters, m, v, gradients, segments, adamw, step());
    }

    // ---- sampling ---------------------------------------------------------------------------------------------------

    @Override
    public void sample(Tensor ids, Tensor logprobs, Tensor logits, long columns, Sampling sampling, long draw) {
        shapes.sample(ids, logprobs, logits, columns, sampling);
        Sampler.sample(ids, logprobs, logits, Math.toIntExact(columns), sampling, draw);
    }

    @Override
    public void penalizeRepetition(Tensor logits, Tensor previous, Tensor lengths, float penalty) {
        shapes.penalizeRepetition(logits, previous, lengths, penalty);
        Sampler.penalizeRepetition(logits, previous, lengths, penalty, step());
    }

    // ---- glue -------------------------------------------------------------------------------------------------------

    @Override
    public void cast(Tensor out, Tensor x) {
        shapes.cast(out, x);
        Elements.write(out, 0, Elements.all(x));
    }

    @Override
    public void axpy(Tensor y, Tensor x, float a) {
        shapes.axpy(y, x);
        double[] sum = Elements.all(y);
        Products.add(sum, a, Elements.all(x));
        Elements.write(y, 0, sum);
    }

    @Override
    public void scale(Tensor y, float a) {
        shapes.scale(y);
        double[] scaled = new double[Math.toIntExact(y.elements())];
        Products.add(scaled, a, Elements.all(y));
        Elements.write(y, 0, scaled);
    }

    @Override
    public void reduceRows(Tensor out, Tensor x, boolean accumulate) {
        shapes.reduceRows(out, x);
        double[] sum = new double[Math.toIntExact(out.elements())];
        double[] row = new double[sum.length];
        for (long r = 0; r < x.rows(); r++) {
            Elements.read(row, x, r * row.length);
            Products.add(sum, 1, row);
        }
        Elements.writeRow(out, 0, sum, accumulate);
    }

    /// Nothing is held.
    @Override
    public void close() {
        step = Tensor.NONE;
    }

    private Tensor stepFor(Dropout dropout) {
        return dropout.probability() > 0 ? step() : Tensor.NONE;
    }

    private Tensor step() {
        if (step.isNone()) {
            throw new KernelException("no step block is bound: call bind first");
        }
        return step;
    }
}
