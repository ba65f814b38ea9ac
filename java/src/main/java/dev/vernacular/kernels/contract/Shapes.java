package dev.vernacular.kernels.contract;

import dev.vernacular.kernels.Activation;
import dev.vernacular.kernels.AttentionShape;
import dev.vernacular.kernels.Dropout;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.ParameterSegments;
import dev.vernacular.kernels.RowGroups;
import dev.vernacular.kernels.Sampling;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.Weight;
import dev.vernacular.kernels.memory.StepBlock;

/// What each operation of [dev.vernacular.kernels.Kernels] asks of its arguments: shapes, types, what may be
/// absent. Every backend checks with this class before it touches anything; methods have the operations' names.
///
/// @param allowsDouble float64 is a storage type too (the reference backend)
public record Shapes(boolean allowsDouble) {

    public void bind(Tensor workspace, Tensor step) {
        Arguments a = of("context_bind");
        a.require(
                workspace.isNone() || workspace.segment().address() % 64 == 0,
                "the workspace is not aligned to 64 bytes");
        a.present("step", step);
        a.require(step.bytes() == StepBlock.BYTES, "step has " + step.bytes() + " bytes, not " + StepBlock.BYTES);
    }

    public void computeCopyRefresh(Weight weight, Tensor master, long copyBytes) {
        Arguments a = of("compute_copy_refresh");
        a.parameter("master", master);
        a.tensor("master", master, master.dtype(), weight.rows(), weight.cols());
        copy(a, weight, copyBytes);
    }

    public void computeCopyRows(Tensor out, Weight weight, long first, long copyBytes) {
        Arguments a = of("compute_copy_rows");
        a.parameter("out", out);
        long count = a.rows("out", out, weight.cols());
        a.require(
                first >= 0 && first + count <= weight.rows(),
                "rows " + first + " .. " + (first + count - 1) + " of a copy of " + weight.rows() + " rows");
        copy(a, weight, copyBytes);
    }

    private static void copy(Arguments a, Weight weight, long copyBytes) {
        a.present("copy", weight.copy());
        a.require(
                weight.copy().bytes() >= copyBytes,
                "the copy has " + weight.copy().bytes() + " bytes, it needs " + copyBytes);
    }

    // ---- embedding --------------------------------------------------------------------------------------------------

    public void embeddingForward(
            Tensor out, Tensor ids, Tensor positions, Weight tokens, Tensor positionTable, Dropout dropout) {
        Arguments a = of("embedding_forward");
        Dtype residual = a.activation("out", out);
        long rows = ids(a, ids);
        a.weight("tokens", tokens, residual);
        a.tensor("out", out, residual, rows, tokens.cols());
        if (positionTable.isPresent()) {
            a.rows("position_table", positionTable, tokens.cols());
            a.require(
                    positionTable.dtype() == Arguments.parameterFor(residual),
                    "position_table",
                    positionTable,
                    "it must be float32");
            a.tensor("positions", positions, Dtype.I32, rows);
        }
        a.samples(rows, dropout.sequenceLength());
    }

    public void embeddingBackward(
            Tensor dTokens,
            Tensor dPositionTable,
            Tensor dOut,
            Tensor ids,
            RowGroups byId,
            Tensor positions,
            RowGroups byPosition,
            Dropout dropout) {
        Arguments a = of("embedding_backward");
        Dtype parameter = Arguments.parameterFor(a.activation("dout", dOut));
        long rows = ids(a, ids);
        long cols = dTokens.size(-1);
        a.present("dtokens", dTokens);
        a.tensor("dtokens", dTokens, parameter, dTokens.rows(), cols);
        a.tensor("dout", dOut, dOut.dtype(), rows, cols);
        groups(a, byId, rows);
        if (dPositionTable.isPresent()) {
            a.tensor("dposition_table", dPositionTable, parameter, dPositionTable.rows(), cols);
            a.tensor("positions", positions, Dtype.I32, rows);
            groups(a, byPosition, rows);
        }
        a.samples(rows, dropout.sequenceLength());
    }

    private static long ids(Arguments a, Tensor ids) {
        a.present("ids", ids);
        a.tensor("ids", ids, Dtype.I32, ids.elements());
        return ids.elements();
    }

    private static void groups(Arguments a, RowGroups groups, long rows) {
        a.tensor("order", groups.order(), Dtype.I32, rows);
        a.tensor("starts", groups.starts(), Dtype.I32, rows + 1);
    }

    // ---- residual + LayerNorm ---------------------------------------------------------------------------------------

    public void residualLayerNormForward(
            Tensor sum,
            Tensor out,
            Tensor mean,
            Tensor rstd,
            Tensor residual,
            Tensor x,
            Tensor weight,
            Tensor bias,
            Dropout dropout) {
        Arguments a = of("residual_layernorm_forward");
        Dtype stream = a.activation("residual", residual);
        Dtype parameter = Arguments.parameterFor(stream);
        long cols = residual.size(-1);
        long rows = residual.rows();
        a.require(out.isPresent() || x.isPresent(), "neither x nor out is given: there is nothing to do");
        if (x.isPresent()) {
            a.tensor("x", x, a.activation("x", x), rows, cols);
            a.tensor("sum", sum, stream, rows, cols);
        } else {
            a.absent("sum", sum, "it must be none without x");
        }
        if (out.isPresent()) {
            Dtype dtype = x.isPresent() ? x.dtype() : a.activation("out", out);
            a.tensor("out", out, dtype, rows, cols);
            a.tensor("mean", mean, parameter, rows);
            a.tensor("rstd", rstd, parameter, rows);
            a.tensor("weight", weight, parameter, cols);
            a.optional("bias", bias, parameter, cols);
        }
        a.samples(rows, dropout.sequenceLength());
    }

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
            Dropout dropout) {
        Arguments a = of("residual_layernorm_backward");
        Dtype stream = a.activation("dresidual", dResidual);
        Dtype dtype = a.activation("dout", dOut);
        Dtype parameter = Arguments.parameterFor(stream);
        long cols = weight.size(-1);
        a.tensor("weight", weight, parameter, cols);
        long rows = a.rows("dresidual", dResidual, cols);
        a.tensor("dout", dOut, dtype, rows, cols);
        a.tensor("sum", sum, stream, rows, cols);
        a.tensor("mean", mean, parameter, rows);
        a.tensor("rstd", rstd, parameter, rows);
        a.optional("dx", dX, dtype, rows, cols);
        a.tensor("dweight", dWeight, parameter, cols);
        a.optional("dbias", dBias, parameter, cols);
        a.samples(rows, dropout.sequenceLength());
    }

    // ---- linear -----------------------------------------------------------------------------------------------------

    public void linearForward(Tensor y, Tensor pre, Tensor x, Weight weight, Tensor bias, Activation activation) {
        Arguments a = of("linear_forward");
        Dtype dtype = a.activation("x", x);
        a.weight("weight", weight, dtype);
        long rows = a.rows("x", x, weight.cols());
        a.tensor("x", x, dtype, rows, weight.cols());
        a.tensor("y", y, dtype, rows, weight.rows());
        a.optional("bias", bias, Arguments.parameterFor(dtype), weight.rows());
        preActivation(a, pre, activation, dtype, rows, weight.rows());
    }

    public void linearBackward(
            Tensor dX,
            Tensor dWeight,
            Tensor dBias,
            Tensor dY,
            Tensor x,
            Tensor xPre,
            Weight weight,
            Activation activation) {
        Arguments a = of("linear_backward");
        Dtype dtype = a.activation("dy", dY);
        Dtype parameter = Arguments.parameterFor(dtype);
        a.weight("weight", weight, dtype);
        long rows = a.rows("dy", dY, weight.rows());
        a.tensor("dy", dY, dtype, rows, weight.rows());
        a.optional("dx", dX, dtype, rows, weight.cols());
        a.optional("dweight", dWeight, parameter, weight.rows(), weight.cols());
        a.optional("dbias", dBias, parameter, weight.rows());
        if (dWeight.isPresent()) {
            a.tensor("x", x, dtype, rows, weight.cols());
        }
        if (activation == Activation.NONE) {
            a.absent("x_pre", xPre, "it must be none without an activation");
        } else if (dX.isPresent()) {
            a.tensor("x_pre", xPre, dtype, rows, weight.cols());
        }
    }

    public void biasActivationForward(Tensor y, Tensor pre, Tensor x, Tensor bias, Activation activation) {
        Arguments a = of("bias_activation_forward");
        Dtype dtype = a.activation("x", x);
        long cols = x.size(-1);
        a.tensor("y", y, dtype, x.rows(), cols);
        a.optional("bias", bias, Arguments.parameterFor(dtype), cols);
        preActivation(a, pre, activation, dtype, x.rows(), cols);
    }

    public void biasActivationBackward(Tensor dX, Tensor dBias, Tensor dY, Tensor pre, Activation activation) {
        Arguments a = of("bias_activation_backward");
        Dtype dtype = a.activation("dy", dY);
        long cols = dY.size(-1);
        a.tensor("dx", dX, dtype, dY.rows(), cols);
        a.optional("dbias", dBias, Arguments.parameterFor(dtype), cols);
        if (activation != Activation.NONE) {
            a.tensor("pre", pre, dtype, dY.rows(), cols);
        }
    }

    private static void preActivation(
            Arguments a, Tensor pre, Activation activation, Dtype dtype, long rows, long cols) {
        if (activation == Activation.NONE) {
            a.absent("pre", pre, "it must be none without an activation");
        }
        a.optional("pre", pre, dtype, rows, cols);
    }

    // ---- attention --------------------------------------------------------------------------------------------------

    public void attentionForward(Tensor out, Tensor logSumExp, Tensor qkv, AttentionShape shape, Dropout dropout) {
        Arguments a = of("attention_forward");
        attention(a, out, logSumExp, qkv, shape, dropout);
    }

    public void attentionBackward(
            Tensor dQkv, Tensor dOut, Tensor out, Tensor logSumExp, Tensor qkv, AttentionShape shape, Dropout dropout) {
        Arguments a = of("attention_backward");
        attention(a, out, logSumExp, qkv, shape, dropout);
        a.tensor("dqkv", dQkv, qkv.dtype(), qkv.shape());
        a.tensor("dout", dOut, qkv.dtype(), out.shape());
    }

    private static void attention(
            Arguments a, Tensor out, Tensor logSumExp, Tensor qkv, AttentionShape shape, Dropout dropout) {
        Dtype dtype = newTokens(a, qkv, shape);
        long tokens = shape.batch() * shape.sequenceLength();
        a.tensor("out", out, dtype, tokens, shape.heads(), shape.headSize());
        a.tensor("lse", logSumExp, Arguments.parameterFor(dtype), shape.batch(), shape.heads(), shape.sequenceLength());
        a.optional("positions", shape.positions(), Dtype.I32, shape.batch(), shape.sequenceLength());
        a.optional("document_starts", shape.documentStarts(), Dtype.I32, shape.batch(), shape.sequenceLength());
        a.require(
                shape.rope().isNone()
                        || shape.positions().isPresent()
                        || tablePositions(shape) >= shape.sequenceLength(),
                "the rope table has " + tablePositions(shape) + " positions, the sequences " + shape.sequenceLength());
        a.require(
                dropout.probability() == 0 || dropout.sequenceLength() == shape.sequenceLength(),
                "dropout counts sequences of " + dropout.sequenceLength() + ", attention of " + shape.sequenceLength());
    }

    public void kvAppend(Tensor keys, Tensor values, Tensor qkv, Tensor lengths, AttentionShape shape) {
        Arguments a = of("kv_append");
        caches(a, keys, values, newTokens(a, qkv, shape), lengths, shape);
    }

    public void decodeAttention(
            Tensor out, Tensor qkv, Tensor keys, Tensor values, Tensor lengths, AttentionShape shape) {
        Arguments a = of("decode_attention");
        Dtype dtype = newTokens(a, qkv, shape);
        caches(a, keys, values, dtype, lengths, shape);
        a.tensor("out", out, dtype, shape.batch() * shape.sequenceLength(), shape.heads(), shape.headSize());
    }

    private static Dtype newTokens(Arguments a, Tensor qkv, AttentionShape shape) {
        Dtype dtype = a.activation("qkv", qkv);
        a.require(shape.headSize() <= 256, "head size " + shape.headSize() + " is not in 1 .. 256");
        long packed = shape.heads() + 2 * shape.kvHeads();
        a.tensor("qkv", qkv, dtype, shape.batch() * shape.sequenceLength(), packed, shape.headSize());
        Tensor rope = shape.rope();
        if (rope.isPresent()) {
            a.require(shape.ropeDims() <= shape.headSize(), "rope", rope, "it rotates more than a head's components");
            a.tensor("rope", rope, Arguments.parameterFor(dtype), 2, tablePositions(shape), rope.size(-1));
        }
        return dtype;
    }

    private static void caches(
            Arguments a, Tensor keys, Tensor values, Dtype dtype, Tensor lengths, AttentionShape shape) {
        a.require(keys.rank() == 4, "keys", keys, "expected [B, kv_heads, capacity, D]");
        a.tensor("keys", keys, dtype, shape.batch(), shape.kvHeads(), keys.size(2), shape.headSize());
        a.tensor("values", values, dtype, keys.shape());
        a.tensor("lengths", lengths, Dtype.I32, shape.batch());
    }

    /// P, positions in the rope table.
    public static long tablePositions(AttentionShape shape) {
        return shape.rope().isNone() ? 0 : shape.rope().rows() / 2;
    }

    // ---- classifier -------------------------------------------------------------------------------------------------

    public void classifierForwardBackward(
            Tensor losses,
            Tensor dHidden,
            Tensor dHead,
            Tensor hidden,
            Tensor labels,
            Tensor rowScale,
            Weight head,
            long columns) {
        Arguments a = of("classifier_forward_backward");
        Dtype dtype = a.activation("hidden", hidden);
        Dtype parameter = Arguments.parameterFor(dtype);
        a.weight("head", head, dtype);
        long rows = a.rows("hidden", hidden, head.cols());
        a.tensor("hidden", hidden, dtype, rows, head.cols());
        a.tensor("losses", losses, parameter, rows);
        a.tensor("labels", labels, Dtype.I32, rows);
        columns(a, columns, head.rows());
        if (dHidden.isPresent()) {
            a.tensor("dhidden", dHidden, dtype, rows, head.cols());
            a.tensor("row_scale", rowScale, parameter, rows);
            a.tensor("dhead", dHead, parameter, head.rows(), head.cols());
        } else {
            a.absent("dhead", dHead, "it must be none without dhidden");
            a.absent("row_scale", rowScale, "it must be none without dhidden");
        }
    }

    public void classifierLogits(Tensor logits, Tensor hidden, Weight head) {
        Arguments a = of("classifier_logits");
        Dtype dtype = a.activation("hidden", hidden);
        a.weight("head", head, dtype);
        long rows = a.rows("hidden", hidden, head.cols());
        a.tensor("hidden", hidden, dtype, rows, head.cols());
        a.tensor("logits", logits, Arguments.parameterFor(dtype), rows, head.rows());
    }

    // ---- optimizer --------------------------------------------------------------------------------------------------

    public void gradientNorm(Tensor gradients, ParameterSegments segments, float clip) {
        Arguments a = of("gradient_norm");
        a.parameter("gradients", gradients);
        segments(a, segments, gradients.elements());
        a.require(clip >= 0, "clip is " + clip + ", it cannot be negative");
    }

    public void adamwUpdate(Tensor masters, Tensor m, Tensor v, Tensor gradients, ParameterSegments segments) {
        Arguments a = of("adamw_update");
        Dtype parameter = a.parameter("masters", masters);
        a.tensor("m", m, parameter, masters.elements());
        a.tensor("v", v, parameter, masters.elements());
        a.tensor("gradients", gradients, parameter, masters.elements());
        segments(a, segments, masters.elements());
    }

    private static void segments(Arguments a, ParameterSegments segments, long elements) {
        for (ParameterSegments.Segment segment : segments.list()) {
            long end = segment.offset() + segment.rows() * segment.cols();
            a.require(
                    segment.offset() >= 0 && segment.rows() >= 0 && segment.cols() >= 0 && end <= elements,
                    "a segment covers elements " + segment.offset() + " .. " + (end - 1) + " of " + elements);
        }
    }

    // ---- sampling ---------------------------------------------------------------------------------------------------

    public void sample(Tensor ids, Tensor logprobs, Tensor logits, long columns, Sampling sampling) {
        Arguments a = of("sample");
        Dtype parameter = a.parameter("logits", logits);
        a.tensor("ids", ids, Dtype.I32, logits.rows());
        a.optional("logprobs", logprobs, parameter, logits.rows());
        columns(a, columns, logits.size(-1));
        a.require(
                sampling.temperature() >= 0 && sampling.temperature() < Float.POSITIVE_INFINITY,
                "temperature is " + sampling.temperature() + ", it must be 0 or more");
        a.require(sampling.topK() >= 0, "top_k is " + sampling.topK() + ", it cannot be negative");
        a.require(
                sampling.topP() >= 0 && sampling.topP() <= 1, "top_p is " + sampling.topP() + ", it must be in 0 .. 1");
    }

    public void penalizeRepetition(Tensor logits, Tensor previous, Tensor lengths, float penalty) {
        Arguments a = of("penalize_repetition");
        a.parameter("logits", logits);
        a.rows("previous", previous, Math.max(1, logits.rows()));
        a.tensor("previous", previous, Dtype.I32, logits.rows(), previous.size(-1));
        a.tensor("lengths", lengths, Dtype.I32, logits.rows());
        a.require(penalty > 0, "penalty is " + penalty + ", it must be positive");
    }

    private static void columns(Arguments a, long columns, long padded) {
        a.require(
                columns > 0 && columns <= padded,
                "columns is " + columns + ", it must be in 1 .. " + padded + ", the padded vocabulary");
    }

    // ---- glue -------------------------------------------------------------------------------------------------------

    public void cast(Tensor out, Tensor x) {
        Arguments a = of("cast");
        a.activation("x", x);
        a.tensor("out", out, a.activation("out", out), x.elements());
    }

    public void axpy(Tensor y, Tensor x) {
        Arguments a = of("axpy");
        a.tensor("x", x, a.parameter("y", y), y.elements());
    }

    public void scale(Tensor y) {
        of("scale").parameter("y", y);
    }

    public void reduceRows(Tensor out, Tensor x) {
        Arguments a = of("reduce_rows");
        a.tensor("out", out, Arguments.parameterFor(a.activation("x", x)), x.size(-1));
    }

    private Arguments of(String operation) {
        return new Arguments(operation, allowsDouble);
    }
}
