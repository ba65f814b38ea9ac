package dev.vernacular.data;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/// The samples of a run: training, validation, test. Owns the mapped files; closing it ends all reading.
public final class TrainingData implements AutoCloseable {
    /// Each dataset of a blend is asked for this much more than its share, as Megatron does.
    private static final double BLEND_MARGIN = 1.005;

    private final int sequenceLength;
    private final long seed;
    private final Map<Path, IndexedDataset> datasets = new HashMap<>();
    private Optional<SampleSource> train = Optional.empty();
    private Optional<SampleSource> validation = Optional.empty();
    private Optional<SampleSource> test = Optional.empty();

    /// How many samples a run takes, at least; 0 where it takes none.
    public record Counts(long train, long validation, long test) {}

    private TrainingData(int sequenceLength, long seed) {
        this.sequenceLength = sequenceLength;
        this.seed = seed;
    }

    /// @param prefix         where samples come from
    /// @param splits         `model.data.splits_string`, used by [DataPrefix.Shared] alone
    /// @param sequenceLength T, `model.data.seq_length`
    /// @param seed           `model.seed`
    /// @throws DataException if a dataset is missing, damaged, or has nothing for a part that is wanted
    public static TrainingData open(DataPrefix prefix, String splits, int sequenceLength, long seed, Counts counts) {
        TrainingData data = new TrainingData(sequenceLength, seed);
        try {
            data.build(prefix, splits, counts);
            return data;
        } catch (RuntimeException | Error e) {
            data.close();
            throw e;
        }
    }

    public Optional<SampleSource> train() {
        return train;
    }

    public Optional<SampleSource> validation() {
        return validation;
    }

    public Optional<SampleSource> test() {
        return test;
    }

    @Override
    public void close() {
        datasets.values().forEach(IndexedDataset::close);
        datasets.clear();
    }

    private void build(DataPrefix prefix, String splits, Counts counts) {
        switch (prefix) {
            case DataPrefix.Separate parts -> {
                train = parts.train().flatMap(blend -> samples(blend, counts.train(), Split::whole));
                validation = parts.validation().flatMap(blend -> samples(blend, counts.validation(), Split::whole));
                test = parts.test().flatMap(blend -> samples(blend, counts.test(), Split::whole));
            }
            case DataPrefix.Shared shared -> {
                train = samples(
                        shared.blend(),
                        counts.train(),
                        d -> Split.parts(splits, d).get(0));
                validation = samples(
                        shared.blend(),
                        counts.validation(),
                        d -> Split.parts(splits, d).get(1));
                test = samples(
                        shared.blend(),
                        counts.test(),
                        d -> Split.parts(splits, d).get(2));
            }
        }
    }

    /// Empty if no samples are wanted, or every dataset's part has no sequences.
    private Optional<SampleSource> samples(DatasetBlend blend, long count, Function<IndexedDataset, Split> part) {
        if (count == 0
                || blend.prefixes().stream()
                        .allMatch(p -> part.apply(dataset(p)).size() == 0)) {
            return Optional.empty();
        }
        if (blend.weights().isEmpty()) {
            return Optional.of(single(dataset(blend.prefixes().getFirst()), count, part));
        }
        double[] weights = blend.weights().get();
        List<GptDataset> sources = new ArrayList<>();
        for (int i = 0; i < weights.length; i++) {
            long share = (long) Math.ceil(count * weights[i] * BLEND_MARGIN);
            sources.add(single(dataset(blend.prefixes().get(i)), share, part));
        }
        return Optional.of(new BlendedDataset(sources, weights, count));
    }

    private GptDataset single(IndexedDataset dataset, long count, Function<IndexedDataset, Split> part) {
        return new GptDataset(dataset, part.apply(dataset), count, sequenceLength, seed);
    }

    private IndexedDataset dataset(Path prefix) {
        return datasets.computeIfAbsent(prefix, IndexedDataset::open);
    }
}
