package dev.vernacular.data;

import java.util.Arrays;

/// B samples as a model reads them, filled again and again without allocating.
///
/// A masked token has label -1, which gives neither loss nor gradient.
public final class Batch {
    private static final int MASKED = -1;
    private static final int[] NO_STARTS = {};

    /// What the end of a document within a sample changes; by default nothing, as in NeMo.
    ///
    /// @param endOfDocument   id of the token that ends a document; -1 if there is none
    /// @param masksLoss       `eod_mask_loss`: what follows that token is not to be predicted from it
    /// @param resetsPositions `reset_position_ids`: positions after it start at 0
    /// @param resetsAttention `reset_attention_mask`: tokens after it see neither it nor what came before
    public record Rules(int endOfDocument, boolean masksLoss, boolean resetsPositions, boolean resetsAttention) {
        /// Documents follow each other as if they were one.
        public static final Rules NONE = new Rules(-1, false, false, false);

        public Rules {
            if (endOfDocument < 0 && (masksLoss || resetsPositions || resetsAttention)) {
                throw new DataException("model.data.eod_mask_loss, reset_position_ids and reset_attention_mask need a"
                        + " tokenizer with an end-of-document token, <|endoftext|>");
            }
        }

        boolean endsDocument(int id) {
            return id == endOfDocument;
        }
    }

    private final int sequences;
    private final int sequenceLength;
    private final Rules rules;
    private final int vocabularySize;
    private final int[] tokens; // [T + 1]
    private final int[] ids; // [B,T], likewise the next two
    private final int[] positions;
    private final int[] labels;
    private final int[] documentStarts; // [B,T] or empty
    private final double[] rowScale; // [B,T]
    private int counted;

    /// @param sequences      B
    /// @param sequenceLength T
    /// @param vocabularySize rows of the embedding: ids must be below
    public Batch(int sequences, int sequenceLength, Rules rules, int vocabularySize) {
        this.sequences = sequences;
        this.sequenceLength = sequenceLength;
        this.rules = rules;
        this.vocabularySize = vocabularySize;
        int rows = Math.multiplyExact(sequences, sequenceLength);
        tokens = new int[sequenceLength + 1];
        ids = new int[rows];
        positions = new int[rows];
        labels = new int[rows];
        documentStarts = rules.resetsAttention() ? new int[rows] : NO_STARTS;
        rowScale = new double[rows];
    }

    /// Takes the samples `indices[from … from + B - 1]`; index -1 is a sequence of padding, all masked.
    ///
    /// @throws DataException if an id is not in the vocabulary, naming the dataset and the sample
    public void fill(SampleSource source, long[] indices, int from) {
        counted = 0;
        for (int b = 0; b < sequences; b++) {
            long index = indices[from + b];
            int row = b * sequenceLength;
            if (index < 0) {
                pad(row);
            } else {
                source.read(index, tokens);
                checkIds(source, index);
                put(row);
            }
        }
    }

    /// [B,T] the tokens.
    public int[] ids() {
        return ids;
    }

    /// [B,T] the place of each token in its sequence, or in its document if rules say so.
    public int[] positions() {
        return positions;
    }

    /// [B,T] the token after each, -1 where the loss is masked.
    public int[] labels() {
        return labels;
    }

    /// [B,T] the first token of the same sequence that each may attend to; empty if that is always the first.
    public int[] documentStarts() {
        return documentStarts;
    }

    /// Tokens that count in the loss.
    public int counted() {
        return counted;
    }

    /// [B,T] what each token's loss counts: `share / counted()`, or 0 where it is masked. The sum of the losses
    /// so scaled is `share` times NeMo's micro-batch loss.
    ///
    /// @param share of this micro-batch in the step: 1 / number of micro-batches
    public double[] rowScale(double share) {
        double scale = counted == 0 ? 0 : share / counted;
        for (int i = 0; i < labels.length; i++) {
            rowScale[i] = labels[i] == MASKED ? 0 : scale;
        }
        return rowScale;
    }

    private void pad(int row) {
        Arrays.fill(ids, row, row + sequenceLength, 0);
        Arrays.fill(labels, row, row + sequenceLength, MASKED);
        if (documentStarts.length > 0) {
            Arrays.fill(documentStarts, row, row + sequenceLength, 0);
        }
        for (int t = 0; t < sequenceLength; t++) {
            positions[row + t] = t;
        }
    }

    private void put(int row) {
        int documentStart = 0;
        for (int t = 0; t < sequenceLength; t++) {
            boolean endsDocument = rules.endsDocument(tokens[t]);
            boolean isMasked = endsDocument && rules.masksLoss();
            ids[row + t] = tokens[t];
            labels[row + t] = isMasked ? MASKED : tokens[t + 1];
            positions[row + t] = rules.resetsPositions() ? t - documentStart : t;
            if (documentStarts.length > 0) {
                documentStarts[row + t] = documentStart;
            }
            counted += isMasked ? 0 : 1;
            documentStart = endsDocument ? t + 1 : documentStart;
        }
    }

    private void checkIds(SampleSource source, long index) {
        for (int id : tokens) {
            if (id < 0 || id >= vocabularySize) {
                throw new DataException(source.nameOf(source.sourceOf(index)) + ": token id " + id + " in sample "
                        + index + " is not in the model's vocabulary of " + vocabularySize
                        + "\n  The dataset was made with another tokenizer; preprocess the text with the model's.");
            }
        }
    }
}
