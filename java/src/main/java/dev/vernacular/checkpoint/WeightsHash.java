package dev.vernacular.checkpoint;

import dev.vernacular.files.Sha256;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// Identifies the numbers of a model in whatever format they are stored: SHA-256 over each tensor's numbers, in
/// our order of tensors and rows, and over the list of those.
///
/// @param whole    64 hexadecimal digits for all tensors
/// @param byTensor the same for each tensor by its name
public record WeightsHash(String whole, Map<String, String> byTensor) {
    /// Tensors hashed at a time; as many are in memory.
    private static final int THREADS = 4;

    /// Reads all weights, once.
    ///
    /// @param tensors in the order of [ModelFile#tensors()]
    /// @throws dev.vernacular.VernacularException naming file and tensor if any are damaged
    public static WeightsHash of(List<StoredTensor> tensors) {
        Map<String, String> byTensor = new LinkedHashMap<>();
        StringBuilder list = new StringBuilder();
        int threads = Math.min(THREADS, Runtime.getRuntime().availableProcessors());
        try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
            List<Future<String>> hashes = new ArrayList<>();
            tensors.forEach(tensor -> hashes.add(pool.submit(() -> hash(tensor))));
            for (int i = 0; i < tensors.size(); i++) {
                StoredTensor tensor = tensors.get(i);
                String hash = result(hashes.get(i), pool);
                byTensor.put(tensor.name(), hash);
                list.append("%s %s %s\n".formatted(tensor.name(), Arrays.toString(tensor.shape()), hash));
            }
        }
        return new WeightsHash(Sha256.of(list.toString().getBytes(StandardCharsets.UTF_8)), byTensor);
    }

    private static String hash(StoredTensor tensor) throws IOException {
        NumbersHash numbers = new NumbersHash(tensor.dtype());
        tensor.writeTo(numbers);
        return numbers.hex();
    }

    private static String result(Future<String> hash, ExecutorService pool) {
        try {
            return hash.get();
        } catch (ExecutionException e) {
            pool.shutdownNow();
            if (e.getCause() instanceof RuntimeException failure) {
                throw failure;
            }
            throw new AssertionError("a hash cannot fail but where the weights do", e.getCause());
        } catch (InterruptedException e) {
            pool.shutdownNow();
            Thread.currentThread().interrupt();
            throw new CheckpointException("interrupted while reading weights");
        }
    }
}
