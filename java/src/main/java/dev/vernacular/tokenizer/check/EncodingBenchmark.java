package dev.vernacular.tokenizer.check;

import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.tokenizer.TokenizerException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/// Times encoding of documents in memory.
public final class EncodingBenchmark {
    /// Documents that a thread takes at a time.
    private static final int BLOCK = 16;

    private final Tokenizer tokenizer;
    private final List<String> documents;
    private final int threads;

    /// @param bytes          of the text in UTF-8
    /// @param tokens         that it gave
    /// @param secondsPerPass of each pass over all documents; in the first the cache of pieces is empty
    public record Result(long bytes, long tokens, double[] secondsPerPass) {
        /// Of the pass with the median time.
        public double megabytesPerSecond() {
            double[] sorted = secondsPerPass.clone();
            Arrays.sort(sorted);
            return bytes / 1e6 / sorted[sorted.length / 2];
        }

        public double firstMegabytesPerSecond() {
            return bytes / 1e6 / secondsPerPass[0];
        }
    }

    /// @throws TokenizerException if there is nothing to encode
    public EncodingBenchmark(Tokenizer tokenizer, List<String> documents, int threads) {
        if (documents.isEmpty()) {
            throw new TokenizerException("the input has no text");
        }
        this.tokenizer = tokenizer;
        this.documents = List.copyOf(documents);
        this.threads = threads;
    }

    public Result run(int passes) {
        long bytes = documents.stream()
                .mapToLong(document -> document.getBytes(StandardCharsets.UTF_8).length)
                .sum();
        double[] seconds = new double[passes];
        long tokens = 0;
        try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
            for (int pass = 0; pass < passes; pass++) {
                long start = System.nanoTime();
                tokens = encodeAll(pool);
                seconds[pass] = (System.nanoTime() - start) / 1e9;
            }
        }
        return new Result(bytes, tokens, seconds);
    }

    private long encodeAll(ExecutorService pool) {
        AtomicInteger next = new AtomicInteger();
        List<Future<Long>> parts = Stream.generate(() -> pool.submit(() -> encodeSome(next)))
                .limit(threads)
                .toList();
        return parts.stream().mapToLong(EncodingBenchmark::result).sum();
    }

    private long encodeSome(AtomicInteger next) {
        long tokens = 0;
        for (int from = next.getAndAdd(BLOCK); from < documents.size(); from = next.getAndAdd(BLOCK)) {
            for (String document : documents.subList(from, Math.min(documents.size(), from + BLOCK))) {
                tokens += tokenizer.encode(document).length;
            }
        }
        return tokens;
    }

    private static long result(Future<Long> part) {
        try {
            return part.get();
        } catch (InterruptedException | ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }
}
