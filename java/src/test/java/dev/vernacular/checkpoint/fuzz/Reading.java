package dev.vernacular.checkpoint.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.vernacular.VernacularException;
import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.checkpoint.StoredTensor;
import dev.vernacular.tokenizer.Tokenizer;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Pattern;

/// What must hold whatever a file contains: it is read, or refused with a message that a person can use; within
/// a second, and in little memory.
final class Reading {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final long LONGEST_NANOSECONDS = 1_000_000_000;
    private static final long MOST_BYTES = 64 << 20;
    private static final int LONGEST_MESSAGE = 5000;
    private static final int LARGEST_TENSOR = 1 << 24;

    /// What Java says of its own failures, where a message should speak of the file.
    private static final Pattern MACHINERY = Pattern.compile("Exception\\b|Cannot invoke|out of bounds"
            + "|\\b[Ii]ndex -?\\d+ out|For input string|because \"|cannot be cast|\\b[A-Za-z]+@[0-9a-f]{5,}"
            + "|\\b(java|javax|jdk|sun)\\.[a-z]+\\.|\\b(com\\.fasterxml|org\\.snakeyaml|org\\.apache)\\."
            + "|`[A-Z]\\w+\\.\\w+\\(|\\A[^\n]*(?<!supported): null\\b");

    /// Terminals obey some of these.
    private static final Pattern CONTROL = Pattern.compile("[\\p{Cntrl}&&[^\n]]");

    private Reading() {}

    /// Something that reads a file.
    @FunctionalInterface
    interface Action {
        void run();
    }

    /// @param named what the message must hold one of: the file's name, or of a file inside it
    /// @return what it was refused with; empty if it was read
    static Optional<VernacularException> assertReadOrRefused(Action action, String... named) {
        long allocated = THREADS.getCurrentThreadAllocatedBytes();
        long started = THREADS.getCurrentThreadCpuTime();
        Optional<VernacularException> refusal = Optional.empty();
        try {
            action.run();
        } catch (VernacularException e) {
            refusal = Optional.of(e);
        } catch (Throwable e) {
            throw new AssertionError("neither read nor refused, but: " + e, e);
        }
        long took = THREADS.getCurrentThreadCpuTime() - started;
        long grew = THREADS.getCurrentThreadAllocatedBytes() - allocated;
        assertThat(took).as("nanoseconds").isLessThan(LONGEST_NANOSECONDS);
        assertThat(grew).as("bytes allocated").isLessThan(MOST_BYTES);
        refusal.ifPresent(e -> assertForPeople(e, named));
        return refusal;
    }

    private static void assertForPeople(VernacularException refusal, String... named) {
        String message = refusal.getMessage();
        boolean isGood = message != null
                && message.length() <= LONGEST_MESSAGE
                && !MACHINERY.matcher(message).find()
                && !CONTROL.matcher(message).find()
                && Arrays.stream(named).anyMatch(message::contains);
        if (!isGood) {
            throw new AssertionError("a message that is not for people: " + message, refusal);
        }
    }

    /// Reads all of a model but its tokenizer, whose files have tests of their own.
    static void model(Path path) {
        try (ModelFile model = ModelFile.open(path)) {
            model.requireWhole();
            for (StoredTensor tensor : model.tensors()) {
                tensor(tensor);
            }
        }
    }

    private static void tensor(StoredTensor tensor) {
        assertThat(tensor.byteSize()).as("bytes of " + tensor.name()).isBetween(0L, (long) LARGEST_TENSOR);
        try (Arena arena = Arena.ofConfined()) {
            tensor.read(arena.allocate(tensor.byteSize(), 8));
        }
    }

    static void use(Tokenizer tokenizer) {
        String text = "ab <|endoftext|> 123 ไทย";
        assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text);
    }
}
