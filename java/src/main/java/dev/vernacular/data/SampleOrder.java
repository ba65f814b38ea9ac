package dev.vernacular.data;

import java.util.Arrays;

/// Where each sample of one dataset begins, and in which order samples are given: Megatron's three indices,
/// drawn from one [MersenneTwister] in Megatron's order of draws.
///
/// Documents (here: sequences of the split) are laid end to end, epoch after epoch, shuffled; sample i is
/// tokens `i T … (i + 1) T` of that row, both ends included, so neighbours share a token.
///
/// @param documents the shuffled row of sequence numbers, all epochs
/// @param positions [samples + 1] where sample i begins: its place in `documents` …
/// @param offsets   [samples + 1] … and the token within that document
/// @param shuffle   [samples] the order in which samples are given
record SampleOrder(int[] documents, int[] positions, int[] offsets, int[] shuffle) {
    /// A last epoch of which less than this share is wanted is shuffled apart, so that its few samples come
    /// last.
    private static final double WHOLE_EPOCH_SHARE = 0.80;

    private static final long LARGEST_ARRAY = Integer.MAX_VALUE - 8;

    /// How often the split is gone through.
    ///
    /// @param tokens     of one epoch
    /// @param epochs     fewest that hold the samples asked for
    /// @param samples    all that these epochs hold
    /// @param wholeFirst samples of all epochs but the last, which are shuffled apart; `samples` if there is no
    ///                   such division
    record Epochs(long tokens, int epochs, long samples, long wholeFirst) {
        static Epochs of(long tokens, long samplesAsked, int sequenceLength) {
            long needed = Math.addExact(Math.multiplyExact(samplesAsked, sequenceLength), 1);
            long epochs = Math.max(1, Math.ceilDiv(needed, tokens));
            long samples = (Math.multiplyExact(epochs, tokens) - 1) / sequenceLength;
            requireArray(samples + 1, "samples");
            if (epochs == 1) {
                return new Epochs(tokens, 1, samples, samples);
            }
            long first = ((epochs - 1) * tokens - 1) / sequenceLength;
            long perEpoch = (tokens - 1) / sequenceLength;
            boolean isApart = samplesAsked - first < (long) (WHOLE_EPOCH_SHARE * perEpoch);
            return new Epochs(tokens, Math.toIntExact(epochs), samples, isApart ? first : samples);
        }

        boolean lastIsApart() {
            return wholeFirst < samples;
        }
    }

    /// @param split the sequences that take part; they must hold a token
    static SampleOrder build(IndexedDataset dataset, Split split, long samplesAsked, int sequenceLength, long seed) {
        Epochs epochs = Epochs.of(split.tokens(dataset), samplesAsked, sequenceLength);
        MersenneTwister random = new MersenneTwister(seed);
        int[] documents = documents(split, epochs, random);
        int samples = (int) epochs.samples();
        int[] positions = new int[samples + 1];
        int[] offsets = new int[samples + 1];
        place(dataset, documents, sequenceLength, positions, offsets);
        return new SampleOrder(documents, positions, offsets, shuffle(samples, (int) epochs.wholeFirst(), random));
    }

    private static int[] documents(Split split, Epochs epochs, MersenneTwister random) {
        int perEpoch = Math.toIntExact(split.size());
        requireArray((long) perEpoch * epochs.epochs(), "documents");
        int[] row = new int[perEpoch * epochs.epochs()];
        for (int i = 0; i < row.length; i++) {
            row[i] = Math.toIntExact(split.first()) + i % perEpoch;
        }
        int lastEpoch = row.length - perEpoch;
        if (epochs.lastIsApart()) {
            random.shuffle(row, 0, lastEpoch);
            random.shuffle(row, lastEpoch, row.length);
        } else {
            random.shuffle(row, 0, row.length);
        }
        return row;
    }

    /// Walks the row once. The boundary of two samples is the token they share: the last of one, the first of
    /// the next.
    private static void place(
            IndexedDataset dataset, int[] documents, int sequenceLength, int[] positions, int[] offsets) {
        int position = 0;
        int offset = 0;
        for (int sample = 1; sample < positions.length; sample++) {
            int remaining = sequenceLength + 1;
            int left = dataset.length(documents[position]) - offset;
            while (left < remaining) {
                remaining -= left;
                position++;
                offset = 0;
                left = dataset.length(documents[position]);
            }
            offset += remaining - 1;
            positions[sample] = position;
            offsets[sample] = offset;
        }
    }

    private static int[] shuffle(int samples, int wholeFirst, MersenneTwister random) {
        int[] order = new int[samples];
        Arrays.setAll(order, i -> i);
        random.shuffle(order, 0, wholeFirst);
        random.shuffle(order, wholeFirst, samples);
        return order;
    }

    private static void requireArray(long length, String what) {
        if (length > LARGEST_ARRAY) {
            throw new DataException("the order of training would have " + length + " " + what + ", at most "
                    + LARGEST_ARRAY + " are possible\n  Ask for fewer steps, or use a longer sequence.");
        }
    }
}
