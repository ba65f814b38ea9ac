package dev.vernacular.data;

/// A finite list of training samples, in the order of training. Reading allocates nothing and is safe from
/// several threads.
public interface SampleSource {
    /// Number of samples.
    long size();

    /// Tokens of a sample's input, T; a sample has one more, the last label.
    int sequenceLength();

    /// Number of datasets that samples come from.
    int sources();

    /// The dataset, from 0, that a sample comes from.
    int sourceOf(long index);

    /// What a dataset is called in reports: its path.
    String nameOf(int source);

    /// Reads one sample.
    ///
    /// @param index  from 0 to `size() - 1`
    /// @param tokens [T + 1], written
    /// @throws DataException if the file fails while it is read
    void read(long index, int[] tokens);
}
