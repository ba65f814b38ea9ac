package dev.vernacular.data.text;

import dev.vernacular.data.DataException;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;

/// Applies a function on several threads and gives the results in the order of the arguments. A bounded number
/// is under way at a time, so memory does not grow with the input.
final class OrderedPool<A, R> implements AutoCloseable {
    private final Function<A, R> function;
    private final ExecutorService threads;
    private final Queue<Future<R>> underWay = new ArrayDeque<>();
    private final int most;

    OrderedPool(int workers, Function<A, R> function) {
        this.function = function;
        this.threads = Executors.newFixedThreadPool(
                workers, Thread.ofPlatform().daemon().name("encode-", 0).factory());
        this.most = 2 * workers + 2;
    }

    boolean hasRoom() {
        return underWay.size() < most;
    }

    boolean isEmpty() {
        return underWay.isEmpty();
    }

    void add(A argument) {
        underWay.add(threads.submit(() -> function.apply(argument)));
    }

    /// Waits for the oldest result.
    ///
    /// @throws DataException if this thread is interrupted; what the function throws is thrown as it is
    R take() {
        try {
            return underWay.remove().get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw DataException.failure("interrupted; nothing was written", e);
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case RuntimeException known -> throw known;
                case Error error -> throw error;
                default -> throw new AssertionError(e.getCause());
            }
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
