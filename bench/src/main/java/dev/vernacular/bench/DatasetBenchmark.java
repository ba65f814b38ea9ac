package dev.vernacular.bench;

import dev.vernacular.data.Batch;
import dev.vernacular.data.GptDataset;
import dev.vernacular.data.IndexedDataset;
import dev.vernacular.data.IndexedDatasetWriter;
import dev.vernacular.data.TokenType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/// Batches from a mapped dataset, and the order of its samples. Bound: copying at memory bandwidth. NumPy gives
/// 229,000 windows of 1,025 tokens a second and PyTorch's loader 104,000 (`peer_dataload.py`); a training step
/// on a CPU takes a few a second, so anything near those is invisible. `mbyte` is tokens as they are stored.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
public class DatasetBenchmark {
    private static final int VOCABULARY = 50_304;
    private static final int BATCH = 4;
    private static final int TOKENS_OF_DOCUMENT = 500;

    /// Documents of 500 tokens.
    @Param("100000")
    public int documents;

    @Param({"1024", "128"})
    public int sequenceLength;

    private Path folder;
    private IndexedDataset dataset;
    private GptDataset samples;
    private Batch batch;
    private long next;

    @Setup(Level.Trial)
    public void setUp() throws IOException {
        folder = Files.createTempDirectory("dataset-benchmark");
        Path prefix = folder.resolve("tokens");
        Random random = new Random(1);
        IndexedDatasetWriter.write(prefix, TokenType.UINT16, false, writer -> {
            for (int i = 0; i < documents; i++) {
                writer.add(random.ints(TOKENS_OF_DOCUMENT, 0, VOCABULARY).toArray());
                writer.endDocument();
            }
        });
        dataset = IndexedDataset.open(prefix);
        samples = order();
        batch = new Batch(BATCH, sequenceLength, Batch.Rules.NONE, VOCABULARY);
    }

    @TearDown(Level.Trial)
    public void tearDown() throws IOException {
        dataset.close();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    @Benchmark
    public int[] batch(Traffic work) {
        long[] indices =
                LongStream.range(0, BATCH).map(i -> (next + i) % samples.size()).toArray();
        next += BATCH;
        batch.fill(samples, indices, 0);
        work.mbyte += 1e-6 * BATCH * (sequenceLength + 1) * TokenType.UINT16.bytes();
        return batch.ids();
    }

    /// Two epochs: what a run spends before its first step.
    @Benchmark
    public GptDataset order() {
        long samplesOfEpoch = (long) documents * TOKENS_OF_DOCUMENT / sequenceLength;
        return new GptDataset(dataset, 2 * samplesOfEpoch - 1, sequenceLength, 1234);
    }
}
