package dev.vernacular.bench;

import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.tokenizer.pieces.PreTokenizer;
import dev.vernacular.tokenizer.training.BpeTrainer;
import dev.vernacular.tokenizer.training.TrainingSettings;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/// Encoding and learning a tokenizer, one thread. No bound but the peers (`peer_tokenize.py`): tiktoken encodes
/// 10 MB/s of English on one thread, jtokkit 14. `mbyte` is UTF-8 text.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
public class TokenizerBenchmark {
    private static final int VOCABULARY = 8000;
    private static final List<String> SPECIALS = List.of("<|endoftext|>");

    /// A language of [SampleText], or a text file.
    @Param({"en", "th"})
    public String text;

    /// Folder of the tokenizer to encode with, such as GPT-2's; by default one of 8,000 tokens learned from the
    /// text itself.
    @Param("")
    public String tokenizer;

    private List<String> documents;
    private double mbyte;
    private TrainingSettings settings;
    private Tokenizer encoder;

    @Setup(Level.Trial)
    public void setUp() {
        documents = SampleText.of(text);
        mbyte = 1e-6
                * documents.stream()
                        .mapToLong(document -> document.getBytes(StandardCharsets.UTF_8).length)
                        .sum();
        PreTokenizer cutter = text.equals("th") ? PreTokenizer.MARKS : PreTokenizer.GPT2;
        settings = new TrainingSettings(VOCABULARY, cutter, Optional.empty(), 2, SPECIALS);
        encoder = tokenizer.isEmpty() ? train() : Tokenizer.load(Path.of(tokenizer));
    }

    private Tokenizer train() {
        return BpeTrainer.train(settings, documents.stream());
    }

    @Benchmark
    public long encode(Traffic work) {
        long tokens = 0;
        for (String document : documents) {
            tokens += encoder.encode(document).length;
        }
        work.mbyte += mbyte;
        return tokens;
    }

    @Benchmark
    public Tokenizer learn(Traffic work) {
        work.mbyte += mbyte;
        return train();
    }
}
