package dev.vernacular.model;

import dev.vernacular.kernels.Activation;
import dev.vernacular.kernels.AttentionShape;
import dev.vernacular.kernels.Dropout;
import dev.vernacular.kernels.Kernels;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.model.Activations.Stream;
import dev.vernacular.model.ParameterViews.LayerParameters;
import dev.vernacular.model.ParameterViews.LinearParameters;
import dev.vernacular.model.ParameterViews.NormParameters;
import java.util.Optional;

/// A GPT (Radford et al. 2019; Megatron's pre-norm form) as a list of kernel calls. It owns no memory:
/// parameters, gradients and activations are a [ModelMemory]'s.
///
/// ```
/// stream = dropout(token rows + position rows)
/// block:   stream += dropout(projection(attention(qkv(norm(stream)))))
///          stream += dropout(down(gelu(up(norm(stream)))))
/// losses = cross entropy(norm(stream) headᵀ)
/// ```
///
/// A branch joins the stream inside the next norm's kernel, which is why each block begins with the branch of
/// the block before it.
public final class GptModel {
    private final GptConfig config;
    private final Kernels kernels;
    private final ParameterViews weights;
    private final ParameterViews gradients;
    private final Activations kept;
    private final BatchBuffers batch;
    private final Tensor rope;
    private final Optional<KeyValueCache> cache;

    /// @param gradients views of the gradient buffer; the weights' own for forward alone
    /// @param rope      [2, P, dims / 2], or [Tensor#NONE]
    /// @param cache     for decoding: the batch's tokens follow what it holds
    GptModel(
            GptConfig config,
            Kernels kernels,
            ParameterViews weights,
            ParameterViews gradients,
            Activations kept,
            BatchBuffers batch,
            Tensor rope,
            Optional<KeyValueCache> cache) {
        this.config = config;
        this.kernels = kernels;
        this.weights = weights;
        this.gradients = gradients;
        this.kept = kept;
        this.batch = batch;
        this.rope = rope;
        this.cache = cache;
    }

    public GptConfig config() {
        return config;
    }

    /// What the next call reads: fill it first.
    public BatchBuffers batch() {
        return batch;
    }

    /// [rows] nats, of the last call: `-log p(label)`, 0 where there is no label.
    public Tensor losses() {
        return kept.losses();
    }

    /// Losses of the batch, without dropout and without gradients.
    public void evaluate() {
        encode();
        classifier(Tensor.NONE, Tensor.NONE, Tensor.NONE, false);
    }

    /// What the head reads of the batch, without dropout: for [#logits] without losses.
    void encode() {
        forward(new DropoutSites(config, batch.sequenceLength(), false));
    }

    /// Losses and gradients of the batch.
    ///
    /// @param accumulate add to the gradients of earlier micro-batches instead of replacing them
    public void forwardBackward(boolean accumulate) {
        DropoutSites dropout = new DropoutSites(config, batch.sequenceLength(), true);
        forward(dropout);
        classifier(kept.dHidden(), gradients.head().master(), batch.rowScale(), accumulate);
        backward(dropout, accumulate);
    }

    /// Logits of consecutive rows of the last call's batch.
    ///
    /// @param logits [count, Vp] float32, written
    /// @param first  first of the rows
    public void logits(Tensor logits, long first) {
        kernels.classifierLogits(logits, kept.hidden().slice(first, logits.size(0)), weights.head());
    }

    private void forward(DropoutSites dropout) {
        Tensor stream = kept.layers().getFirst().input().sum();
        Tensor branch = Tensor.NONE;
        kernels.embeddingForward(
                stream,
                batch.ids(),
                batch.positions(),
                weights.wordEmbeddings(),
                weights.positionEmbeddings(),
                dropout.embedding());
        for (int layer = 0; layer < config.layers(); layer++) {
            LayerParameters w = weights.layer(layer);
            Activations.Layer a = kept.layers().get(layer);
            addAndNorm(a.input(), kept.normed(), stream, branch, w.attentionNorm(), dropout.mlp(layer - 1));
            linear(a.qkv(), kept.normed(), w.qkv());
            attention(layer, a, dropout.attention(layer));
            branch = kept.branch();
            linear(branch, a.attended(), w.projection());
            addAndNorm(a.middle(), kept.normed(), a.input().sum(), branch, w.mlpNorm(), dropout.projection(layer));
            kernels.linearForward(
                    kept.activated(),
                    a.preActivation(),
                    kept.normed(),
                    w.up().weight(),
                    w.up().bias(),
                    config.activation());
            linear(branch, kept.activated(), w.down());
            stream = a.middle().sum();
        }
        addAndNorm(kept.last(), kept.hidden(), stream, branch, weights.finalNorm(), dropout.mlp(config.layers() - 1));
    }

    private void backward(DropoutSites dropout, boolean accumulate) {
        Tensor dBranch = kept.dBranch();
        NormParameters finalNorm = weights.finalNorm();
        NormParameters dFinalNorm = gradients.finalNorm();
        Dropout lastDropout = dropout.mlp(config.layers() - 1);
        normBackward(dBranch, dFinalNorm, kept.dHidden(), kept.last(), finalNorm, lastDropout, false, accumulate);
        for (int layer = config.layers() - 1; layer >= 0; layer--) {
            LayerParameters w = weights.layer(layer);
            LayerParameters d = gradients.layer(layer);
            Activations.Layer a = kept.layers().get(layer);
            Tensor dNormed = kept.dNormed();

            activateAgain(a.preActivation());
            activatedLinearBackward(kept.dPreActivation(), d.down(), dBranch, a.preActivation(), w.down(), accumulate);
            normAgain(a.middle(), w.mlpNorm());
            linearBackward(dNormed, d.up(), kept.dPreActivation(), kept.normed(), w.up(), accumulate);
            Dropout join = dropout.projection(layer);
            normBackward(dBranch, d.mlpNorm(), dNormed, a.middle(), w.mlpNorm(), join, true, accumulate);

            linearBackward(kept.dAttended(), d.projection(), dBranch, a.attended(), w.projection(), accumulate);
            kernels.attentionBackward(
                    perHead(kept.dQkv()),
                    perHead(kept.dAttended()),
                    perHead(a.attended()),
                    a.logSumExp(),
                    perHead(a.qkv()),
                    shape(),
                    dropout.attention(layer));
            normAgain(a.input(), w.attentionNorm());
            linearBackward(dNormed, d.qkv(), kept.dQkv(), kept.normed(), w.qkv(), accumulate);
            Tensor dPrevious = layer == 0 ? Tensor.NONE : dBranch;
            Dropout previous = dropout.mlp(layer - 1);
            normBackward(
                    dPrevious, d.attentionNorm(), dNormed, a.input(), w.attentionNorm(), previous, true, accumulate);
        }
        kernels.embeddingBackward(
                gradients.wordEmbeddings().master(),
                gradients.positionEmbeddings(),
                kept.dStream(),
                batch.ids(),
                batch.byId(),
                batch.positions(),
                batch.byPosition(),
                dropout.embedding(),
                accumulate || config.isTied(),
                accumulate);
    }

    // ---- the kernels in the model's terms ---------------------------------------------------------------------------

    private void classifier(Tensor dHidden, Tensor dHead, Tensor rowScale, boolean accumulate) {
        kernels.classifierForwardBackward(
                kept.losses(),
                dHidden,
                dHead,
                kept.hidden(),
                batch.labels(),
                rowScale,
                weights.head(),
                config.paddedVocabularySize(),
                accumulate);
    }

    /// `to.sum = residual + dropout(branch); out = norm(to.sum)`; without a branch the residual itself is
    /// normalised.
    private void addAndNorm(Stream to, Tensor out, Tensor residual, Tensor branch, NormParameters w, Dropout dropout) {
        kernels.residualLayerNormForward(
                branch.isNone() ? Tensor.NONE : to.sum(),
                out,
                to.mean(),
                to.rstd(),
                residual,
                branch,
                w.weight(),
                w.bias(),
                config.epsilon(),
                config.norm(),
                dropout);
    }

    /// A norm's output again, into the shared buffer.
    private void normAgain(Stream stream, NormParameters w) {
        Dropout none = Dropout.none(batch.sequenceLength());
        addAndNorm(stream, kept.normed(), stream.sum(), Tensor.NONE, w, none);
    }

    /// `dStream (+)= norm'(dOut); dBranch = dropout'(dStream)`.
    private void normBackward(
            Tensor dBranch,
            NormParameters d,
            Tensor dOut,
            Stream stream,
            NormParameters w,
            Dropout dropout,
            boolean addToStream,
            boolean accumulate) {
        kernels.residualLayerNormBackward(
                kept.dStream(),
                dBranch,
                d.weight(),
                d.bias(),
                dOut,
                stream.sum(),
                stream.mean(),
                stream.rstd(),
                w.weight(),
                config.norm(),
                dropout,
                addToStream,
                accumulate);
    }

    private void attention(int layer, Activations.Layer a, Dropout dropout) {
        Tensor out = perHead(a.attended());
        Tensor qkv = perHead(a.qkv());
        if (cache.isPresent()) {
            cache.get().attend(kernels, layer, out, qkv, shape());
        } else {
            kernels.attentionForward(out, a.logSumExp(), qkv, shape(), dropout);
        }
    }

    private void linear(Tensor y, Tensor x, LinearParameters w) {
        kernels.linearForward(y, Tensor.NONE, x, w.weight(), w.bias(), Activation.NONE);
    }

    private void linearBackward(
            Tensor dX, LinearParameters d, Tensor dY, Tensor x, LinearParameters w, boolean accumulate) {
        kernels.linearBackward(
                dX, d.weight().master(), d.bias(), dY, x, Tensor.NONE, w.weight(), Activation.NONE, accumulate);
    }

    /// Backward of a product whose input was an activation's output; `dPre` is the gradient before that
    /// activation.
    private void activatedLinearBackward(
            Tensor dPre, LinearParameters d, Tensor dY, Tensor pre, LinearParameters w, boolean accumulate) {
        Tensor x = kept.activated();
        kernels.linearBackward(
                dPre, d.weight().master(), d.bias(), dY, x, pre, w.weight(), config.activation(), accumulate);
    }

    /// The activation's output again, into the shared buffer.
    private void activateAgain(Tensor preActivation) {
        kernels.biasActivationForward(kept.activated(), Tensor.NONE, preActivation, Tensor.NONE, config.activation());
    }

    private AttentionShape shape() {
        Tensor positions = rope.isNone() || cache.isPresent() ? Tensor.NONE : batch.perSequence(batch.positions());
        return new AttentionShape(
                batch.batch(),
                batch.sequenceLength(),
                config.heads(),
                config.heads(),
                config.headSize(),
                config.scoreScale(),
                rope,
                positions,
                batch.documentStarts());
    }

    /// [rows, n D] as [B, T, n, D].
    private Tensor perHead(Tensor x) {
        long perToken = x.size(-1) / config.headSize();
        return x.reshape(batch.batch(), batch.sequenceLength(), perToken, config.headSize());
    }

    /// The places of a GPT that drop, numbered: 0 is the embedding, then attention, projection and MLP of each
    /// layer.
    ///
    /// @param isActive false leaves every place without dropout (evaluation)
    private record DropoutSites(GptConfig config, long sequenceLength, boolean isActive) {
        Dropout embedding() {
            return site(0, config.hiddenDropout());
        }

        /// Of the attention's probabilities.
        Dropout attention(int layer) {
            return site(3 * layer + 1, config.attentionDropout());
        }

        /// Of the attention's branch where it joins the stream.
        Dropout projection(int layer) {
            return site(3 * layer + 2, config.hiddenDropout());
        }

        /// Of the MLP's branch where it joins the stream.
        Dropout mlp(int layer) {
            return site(3 * layer + 3, config.hiddenDropout());
        }

        private Dropout site(int number, float probability) {
            return isActive ? new Dropout(number, probability, sequenceLength) : Dropout.none(sequenceLength);
        }
    }
}
