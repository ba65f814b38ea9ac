package dev.vernacular.data;

import java.util.ArrayList;
import java.util.List;

/// A stretch of a dataset's sequences.
///
/// @param first the first sequence
/// @param end   one after the last
record Split(long first, long end) {
    private static final int PARTS = 3;

    static Split whole(IndexedDataset dataset) {
        return new Split(0, dataset.sequences());
    }

    /// Divides a dataset into train, validation and test part by Megatron's rule: edges are the cumulative
    /// shares times the number of sequences, rounded half to even.
    ///
    /// @param shares such as `900,50,50`: up to three numbers of any sum, missing ones are 0
    /// @throws DataException if they are no such numbers
    static List<Split> parts(String shares, IndexedDataset dataset) {
        double[] share = parse(shares);
        double sum = 0;
        for (double s : share) {
            sum += s;
        }
        List<Split> parts = new ArrayList<>();
        double low = 0;
        for (double s : share) {
            double high = low + s / sum;
            parts.add(new Split(edge(low, dataset), edge(high, dataset)));
            low = high;
        }
        return parts;
    }

    long size() {
        return end - first;
    }

    long tokens(IndexedDataset dataset) {
        long tokens = 0;
        for (long sequence = first; sequence < end; sequence++) {
            tokens += dataset.length(sequence);
        }
        return tokens;
    }

    private static long edge(double cumulative, IndexedDataset dataset) {
        return Math.min(dataset.sequences(), (long) Math.rint(cumulative * dataset.sequences()));
    }

    private static double[] parse(String shares) {
        String[] words = shares.strip().split("\\s*[,/]\\s*");
        double[] share = new double[PARTS];
        double sum = 0;
        for (int i = 0; i < words.length; i++) {
            double value = number(words[i]);
            if (i >= PARTS || !(value >= 0) || Double.isInfinite(value)) {
                throw wrong(shares);
            }
            share[i] = value;
            sum += value;
        }
        if (sum == 0) {
            throw wrong(shares);
        }
        return share;
    }

    private static double number(String word) {
        try {
            return Double.parseDouble(word);
        } catch (NumberFormatException e) {
            return Double.NaN;
        }
    }

    private static DataException wrong(String shares) {
        return new DataException("model.data.splits_string is '" + shares
                + "', expected the shares of train, validation and test, such as 900,50,50");
    }
}
