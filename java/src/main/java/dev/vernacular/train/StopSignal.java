package dev.vernacular.train;

import java.util.concurrent.CountDownLatch;

/// SIGTERM and SIGINT as a question that the training loop asks after each step. The process lives on until
/// this is closed, so that there is time to save; then the virtual machine exits with 143 or 130 by itself.
final class StopSignal implements AutoCloseable {
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread hook;
    private volatile boolean isRequested;

    StopSignal() {
        hook = new Thread(this::waitForTheRun, "stop-signal");
        Runtime.getRuntime().addShutdownHook(hook);
    }

    boolean isRequested() {
        return isRequested;
    }

    @Override
    public void close() {
        closed.countDown();
        if (!isRequested) {
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException shuttingDown) {
                // The signal came this moment: the hook finds the latch open and the process ends.
                isRequested = true;
            }
        }
    }

    private void waitForTheRun() {
        isRequested = true;
        try {
            closed.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
