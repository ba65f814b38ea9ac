package dev.vernacular.model;

import dev.vernacular.kernels.Dropout;

/// The places of a GPT that drop, numbered: 0 is the embedding, then attention, projection and MLP of each
/// layer.
///
/// @param isActive false leaves every place without dropout (evaluation)
record DropoutSites(GptConfig config, long sequenceLength, boolean isActive) {
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
