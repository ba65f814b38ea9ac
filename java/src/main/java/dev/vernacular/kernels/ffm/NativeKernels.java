package dev.vernacular.kernels.ffm;

import dev.vernacular.kernels.Activation;
import dev.vernacular.kernels.AdamW;
import dev.vernacular.kernels.AttentionShape;
import dev.vernacular.kernels.Dropout;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Kernels;
import dev.vernacular.kernels.Norm;
import dev.vernacular.kernels.ParameterSegments;
import dev.vernacular.kernels.RowGroups;
import dev.vernacular.kernels.Sampling;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.Weight;
import dev.vernacular.kernels.contract.Shapes;
import dev.vernacular.kernels.memory.CpuDevice;
import dev.vernacular.kernels.memory.Device;
import java.util.Optional;

/// The kernels of a native library: each method checks shapes and is one call with its arguments in the
/// header's order. The file is as long as the header has functions.
///
/// Every method throws [dev.vernacular.kernels.KernelException] with the library's sentence when it refuses.
public final class NativeKernels implements Kernels {
    private final KernelBindings vn;
    private final NativeContext context;
    private final Shapes shapes = new Shapes(false);
    private final String description;

    private NativeKernels(KernelBindings vn, NativeContext context, String description) {
        this.vn = vn;
        this.context = context;
        this.description = description;
    }

    /// Kernels of the CPU.
    ///
    /// @param threads 0: all that this process may use
    /// @param isa     empty: the best of this machine
    /// @throws dev.vernacular.kernels.KernelException if the library refuses, with its reason
    public static NativeKernels open(NativeLibrary library, int threads, Optional<String> isa) {
        NativeContext context = NativeContext.open(library.bindings(), new CpuDevice(), threads, isa);
        return new NativeKernels(library.bindings(), context, library.summary(threads, isa));
    }

    /// Kernels of a GPU, on the device's stream.
    ///
    /// @throws dev.vernacular.kernels.KernelException if the library refuses, with its reason
    public static NativeKernels open(NativeLibrary library, Device device) {
        NativeContext context = NativeContext.open(library.bindings(), device, 0, Optional.empty());
        return new NativeKernels(library.bindings(), context, library.name() + ": " + device.describe());
    }

    @Override
    public String describe() {
        return description;
    }

    @Override
    public void bind(Tensor workspace, Tensor step) {
        shapes.bind(workspace, step);
        context.call(handle ->
                (int) vn.contextBind.invokeExact(handle, workspace.segment(), workspace.bytes(), step.segment()));
    }

    @Override
    public long scratchBytes(Sizes sizes) {
        return context.scratchBytes(sizes);
    }

    // ---- compute copies ---------------------------------------------------------------------------------------------

    @Override
    public long computeCopyBytes(long rows, long cols, Dtype dtype, boolean training) {
        return context.computeCopyBytes(rows, cols, dtype, training);
    }

    @Override
    public void computeCopyRefresh(Weight weight, Tensor master) {
        shapes.computeCopyRefresh(weight, master, copyBytes(weight));
        context.call(handle -> (int) vn.computeCopyRefresh.invokeExact(
                handle,
                weight.copy().segment(),
                master.segment(),
                weight.rows(),
                weight.cols(),
                weight.copyDtype().code()));
    }

    @Override
    public void computeCopyRows(Tensor out, Weight weight, long first) {
        shapes.computeCopyRows(out, weight, first, copyBytes(weight));
        context.call(handle -> (int) vn.computeCopyRows.invokeExact(
                handle,
                out.segment(),
                weight.copy().segment(),
                weight.rows(),
                weight.cols(),
                first,
                out.elements() / weight.cols(),
                weight.copyDtype().code()));
    }

    private long copyBytes(Weight weight) {
        return computeCopyBytes(weight.rows(), weight.cols(), weight.copyDtype(), false);
    }

    // ---- embedding --------------------------------------------------------------------------------------------------

    @Override
    public void embeddingForward(
            Tensor out, Tensor ids, Tensor positions, Weight tokens, Tensor positionTable, Dropout dropout) {
        shapes.embeddingForward(out, ids, positions, tokens, positionTable, dropout);
        context.call(handle -> (int) vn.embeddingForward.invokeExact(
                handle,
                out.segment(),
                ids.segment(),
                positions.segment(),
                tokens.master().segment(),
                tokens.copy().segment(),
                positionTable.segment(),
                ids.elements(),
                dropout.sequenceLength(),
                tokens.cols(),
                tokens.rows(),
                positionTable.isNone() ? 0L : positionTable.elements() / tokens.cols(),
                dropout.site(),
                dropout.probability(),
                tokens.copyDtype().code(),
                out.dtype().code()));
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
        context.call(handle -> (int) vn.embeddingBackward.invokeExact(
                handle,
                dTokens.segment(),
                dPositionTable.segment(),
                dOut.segment(),
                ids.segment(),
                byId.order().segment(),
                byId.starts().segment(),
                positions.segment(),
                byPosition.order().segment(),
                byPosition.starts().segment(),
                ids.elements(),
                dropout.sequenceLength(),
                dTokens.size(-1),
                dTokens.rows(),
                dPositionTable.isNone() ? 0L : dPositionTable.rows(),
                dropout.site(),
                dropout.probability(),
                accumulateTokens ? 1 : 0,
                accumulatePositions ? 1 : 0,
                dOut.dtype().code()));
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
        context.call(handle -> (int) vn.residualLayerNormForward.invokeExact(
                handle,
                sum.segment(),
                out.segment(),
                mean.segment(),
                rstd.segment(),
                residual.segment(),
                x.segment(),
                weight.segment(),
                bias.segment(),
                residual.rows(),
                dropout.sequenceLength(),
                residual.size(-1),
                epsilon,
                norm.code(),
                dropout.site(),
                dropout.probability(),
                (x.isPresent() ? x : out).dtype().code(),
                residual.dtype().code()));
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
        context.call(handle -> (int) vn.residualLayerNormBackward.invokeExact(
                handle,
                dResidual.segment(),
                dX.segment(),
                dWeight.segment(),
                dBias.segment(),
                dOut.segment(),
                sum.segment(),
                mean.segment(),
                rstd.segment(),
                weight.segment(),
                mean.elements(),
                dropout.sequenceLength(),
                weight.elements(),
                norm.code(),
                dropout.site(),
                dropout.probability(),
                addResidual ? 1 : 0,
                accumulate ? 1 : 0,
                dOut.dtype().code(),
                dResidual.dtype().code()));
    }

    // ---- linear -----------------------------------------------------------------------------------------------------

    @Override
    public void linearForward(Tensor y, Tensor pre, Tensor x, Weight weight, Tensor bias, Activation activation) {
        shapes.linearForward(y, pre, x, weight, bias, activation);
        context.call(handle -> (int) vn.linearForward.invokeExact(
                handle,
                y.segment(),
                pre.segment(),
                x.segment(),
                weight.master().segment(),
                weight.copy().segment(),
                bias.segment(),
                x.elements() / weight.cols(),
                weight.rows(),
                weight.cols(),
                activation.code(),
                x.dtype().code(),
                weight.copyDtype().code()));
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
        context.call(handle -> (int) vn.linearBackward.invokeExact(
                handle,
                dX.segment(),
                dWeight.segment(),
                dBias.segment(),
                dY.segment(),
                x.segment(),
                xPre.segment(),
                weight.master().segment(),
                weight.copy().segment(),
                dY.elements() / weight.rows(),
                weight.rows(),
                weight.cols(),
                activation.code(),
                accumulate ? 1 : 0,
                dY.dtype().code(),
                weight.copyDtype().code()));
    }

    @Override
    public void biasActivationForward(Tensor y, Tensor pre, Tensor x, Tensor bias, Activation activation) {
        shapes.biasActivationForward(y, pre, x, bias, activation);
        context.call(handle -> (int) vn.biasActivationForward.invokeExact(
                handle,
                y.segment(),
                pre.segment(),
                x.segment(),
                bias.segment(),
                x.rows(),
                x.size(-1),
                activation.code(),
                x.dtype().code()));
    }

    @Override
    public void biasActivationBackward(
            Tensor dX, Tensor dBias, Tensor dY, Tensor pre, Activation activation, boolean accumulate) {
        shapes.biasActivationBackward(dX, dBias, dY, pre, activation);
        context.call(handle -> (int) vn.biasActivationBackward.invokeExact(
                handle,
                dX.segment(),
                dBias.segment(),
                dY.segment(),
                pre.segment(),
                dY.rows(),
                dY.size(-1),
                activation.code(),
                accumulate ? 1 : 0,
                dY.dtype().code()));
    }

    // ---- attention --------------------------------------------------------------------------------------------------

    @Override
    public void attentionForward(Tensor out, Tensor logSumExp, Tensor qkv, AttentionShape shape, Dropout dropout) {
        shapes.attentionForward(out, logSumExp, qkv, shape, dropout);
        context.call(handle -> (int) vn.attentionForward.invokeExact(
                handle,
                out.segment(),
                logSumExp.segment(),
                qkv.segment(),
                shape.rope().segment(),
                shape.positions().segment(),
                shape.documentStarts().segment(),
                shape.batch(),
                shape.sequenceLength(),
                shape.heads(),
                shape.kvHeads(),
                shape.headSize(),
                shape.ropeDims(),
                Shapes.tablePositions(shape),
                shape.scale(),
                dropout.site(),
                dropout.probability(),
                qkv.dtype().code()));
    }

    @Override
    public void attentionBackward(
            Tensor dQkv, Tensor dOut, Tensor out, Tensor logSumExp, Tensor qkv, AttentionShape shape, Dropout dropout) {
        shapes.attentionBackward(dQkv, dOut, out, logSumExp, qkv, shape, dropout);
        context.call(handle -> (int) vn.attentionBackward.invokeExact(
                handle,
                dQkv.segment(),
                dOut.segment(),
                out.segment(),
                logSumExp.segment(),
                qkv.segment(),
                shape.rope().segment(),
                shape.positions().segment(),
                shape.documentStarts().segment(),
                shape.batch(),
                shape.sequenceLength(),
                shape.heads(),
                shape.kvHeads(),
                shape.headSize(),
                shape.ropeDims(),
                Shapes.tablePositions(shape),
                shape.scale(),
                dropout.site(),
                dropout.probability(),
                qkv.dtype().code()));
    }

    @Override
    public void kvAppend(Tensor keys, Tensor values, Tensor qkv, Tensor lengths, AttentionShape shape) {
        shapes.kvAppend(keys, values, qkv, lengths, shape);
        context.call(handle -> (int) vn.kvAppend.invokeExact(
                handle,
                keys.segment(),
                values.segment(),
                qkv.segment(),
                lengths.segment(),
                shape.rope().segment(),
                shape.batch(),
                shape.sequenceLength(),
                shape.heads(),
                shape.kvHeads(),
                shape.headSize(),
                keys.size(2),
                shape.ropeDims(),
                Shapes.tablePositions(shape),
                qkv.dtype().code()));
    }

    @Override
    public void decodeAttention(
            Tensor out, Tensor qkv, Tensor keys, Tensor values, Tensor lengths, AttentionShape shape) {
        shapes.decodeAttention(out, qkv, keys, values, lengths, shape);
        context.call(handle -> (int) vn.decodeAttention.invokeExact(
                handle,
                out.segment(),
                qkv.segment(),
                keys.segment(),
                values.segment(),
                lengths.segment(),
                shape.rope().segment(),
                shape.batch(),
                shape.sequenceLength(),
                shape.heads(),
                shape.kvHeads(),
                shape.headSize(),
                keys.size(2),
                shape.ropeDims(),
                Shapes.tablePositions(shape),
                shape.scale(),
                qkv.dtype().code()));
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
        context.call(handle -> (int) vn.classifierForwardBackward.invokeExact(
                handle,
                losses.segment(),
                dHidden.segment(),
                dHead.segment(),
                hidden.segment(),
                labels.segment(),
                rowScale.segment(),
                head.master().segment(),
                head.copy().segment(),
                labels.elements(),
                head.cols(),
                columns,
                head.rows(),
                accumulate ? 1 : 0,
                hidden.dtype().code(),
                head.copyDtype().code()));
    }

    @Override
    public void classifierLogits(Tensor logits, Tensor hidden, Weight head) {
        shapes.classifierLogits(logits, hidden, head);
        context.call(handle -> (int) vn.classifierLogits.invokeExact(
                handle,
                logits.segment(),
                hidden.segment(),
                head.master().segment(),
                head.copy().segment(),
                hidden.elements() / head.cols(),
                head.cols(),
                head.rows(),
                hidden.dtype().code(),
                head.copyDtype().code()));
    }

    // ---- optimizer --------------------------------------------------------------------------------------------------

    @Override
    public void gradientNorm(Tensor gradients, ParameterSegments segments, float clip) {
        shapes.gradientNorm(gradients, segments, clip);
        context.call(handle -> (int) vn.gradientNorm.invokeExact(
                handle,
                gradients.segment(),
                segments.device().segment(),
                (long) segments.list().size(),
                clip));
    }

    @Override
    public void adamwUpdate(
            Tensor masters, Tensor m, Tensor v, Tensor gradients, ParameterSegments segments, AdamW adamw) {
        shapes.adamwUpdate(masters, m, v, gradients, segments);
        context.call(handle -> (int) vn.adamwUpdate.invokeExact(
                handle,
                masters.segment(),
                m.segment(),
                v.segment(),
                gradients.segment(),
                segments.device().segment(),
                (long) segments.list().size(),
                adamw.beta1(),
                adamw.beta2(),
                adamw.epsilon()));
    }

    // ---- sampling ---------------------------------------------------------------------------------------------------

    @Override
    public void sample(Tensor ids, Tensor logprobs, Tensor logits, long columns, Sampling sampling, long draw) {
        shapes.sample(ids, logprobs, logits, columns, sampling);
        context.call(handle -> (int) vn.sample.invokeExact(
                handle,
                ids.segment(),
                logprobs.segment(),
                logits.segment(),
                logits.rows(),
                columns,
                logits.size(-1),
                sampling.temperature(),
                sampling.topK(),
                sampling.topP(),
                sampling.seed(),
                draw));
    }

    @Override
    public void penalizeRepetition(Tensor logits, Tensor previous, Tensor lengths, float penalty) {
        shapes.penalizeRepetition(logits, previous, lengths, penalty);
        context.call(handle -> (int) vn.penalizeRepetition.invokeExact(
                handle,
                logits.segment(),
                previous.segment(),
                lengths.segment(),
                logits.rows(),
                previous.size(-1),
                logits.size(-1),
                penalty));
    }

    // ---- glue -------------------------------------------------------------------------------------------------------

    @Override
    public void cast(Tensor out, Tensor x) {
        shapes.cast(out, x);
        context.call(handle -> (int) vn.cast.invokeExact(
                handle,
                out.segment(),
                x.segment(),
                x.elements(),
                out.dtype().code(),
                x.dtype().code()));
    }

    @Override
    public void axpy(Tensor y, Tensor x, float a) {
        shapes.axpy(y, x);
        context.call(handle -> (int) vn.axpy.invokeExact(handle, y.segment(), x.segment(), y.elements(), a));
    }

    @Override
    public void scale(Tensor y, float a) {
        shapes.scale(y);
        context.call(handle -> (int) vn.scale.invokeExact(handle, y.segment(), y.elements(), a));
    }

    @Override
    public void reduceRows(Tensor out, Tensor x, boolean accumulate) {
        shapes.reduceRows(out, x);
        context.call(handle -> (int) vn.reduceRows.invokeExact(
                handle,
                out.segment(),
                x.segment(),
                x.rows(),
                x.size(-1),
                accumulate ? 1 : 0,
                x.dtype().code()));
    }

    @Override
    public void close() {
        context.close();
    }
}
