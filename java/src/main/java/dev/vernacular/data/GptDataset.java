package dev.vernacular.data;

/// Samples of T + 1 tokens from one dataset, in Megatron's order ([SampleOrder]).
public final class GptDataset implements SampleSource {
    private final IndexedDataset dataset;
    private final int sequenceLength;
    private final SampleOrder order;

    /// All of a dataset.
    ///
    /// @param dataset        stays open as long as samples are read; the caller closes it
    /// @param samples        wanted at least; [#size()] is what the epochs that hold them give
    /// @param sequenceLength T
    /// @param seed           of the shuffles, `model.seed`
    /// @throws DataException if the dataset has no tokens, or an argument is out of range
    public GptDataset(IndexedDataset dataset, long samples, int sequenceLength, long seed) {
        this(dataset, Split.whole(dataset), samples, sequenceLength, seed);
    }

    GptDataset(IndexedDataset dataset, Split split, long samples, int sequenceLength, long seed) {
        if (sequenceLength < 1 || samples < 0) {
            throw new DataException(dataset.prefix() + ": " + samples + " samples of sequence length " + sequenceLength
                    + " are asked for");
        }
        if (split.tokens(dataset) == 0) {
            throw new DataException(dataset.prefix() + ": sequences " + split.first() + " to " + split.end() + " of "
                    + dataset.sequences() + " hold no tokens to train on");
        }
        this.dataset = dataset;
        this.sequenceLength = sequenceLength;
        this.order = SampleOrder.build(dataset, split, samples, sequenceLength, seed);
    }

    @Override
    public long size() {
        return order.shuffle().length;
    }

    @Override
    public int sequenceLength() {
        return sequenceLength;
    }

    @Override
    public int sources() {
        return 1;
    }

    @Override
    public int sourceOf(long index) {
        return 0;
    }

    @Override
    public String nameOf(int source) {
        return dataset.prefix().toString();
    }

    @Override
    public void read(long index, int[] tokens) {
        int sample = order.shuffle()[Math.toIntExact(index)];
        int position = order.positions()[sample];
        int offset = order.offsets()[sample];
        int wanted = sequenceLength + 1;
        int written = 0;
        while (written < wanted) {
            int document = order.documents()[position++];
            int count = Math.min(wanted - written, dataset.length(document) - offset);
            dataset.read(document, offset, count, tokens, written);
            written += count;
            offset = 0;
        }
    }

    SampleOrder order() {
        return order;
    }
}
