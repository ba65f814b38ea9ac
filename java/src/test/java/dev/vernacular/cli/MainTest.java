package dev.vernacular.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

class MainTest {
    @RegisterExtension
    private final CapturedStreams streams = new CapturedStreams();

    @Test
    void outOfMemoryIsToldInASentenceWithWhatToDo() {
        int status = run(() -> {
            throw new OutOfMemoryError("Java heap space");
        });

        assertThat(status).isEqualTo(1);
        assertThat(message())
                .startsWith("out of memory: Java heap space; Java may take ")
                .contains("VERNACULAR_JAVA_OPTS=-Xmx")
                .contains("smaller batch")
                .doesNotContain("\tat ");
    }

    @Test
    void outOfStackIsToldInASentenceWithWhatToDo() {
        int status = run(this::endless);

        assertThat(status).isEqualTo(1);
        assertThat(message()).contains("nested too deeply").contains("-Xss").doesNotContain("\tat ");
    }

    @Test
    void anyOtherErrorAsksForAReport() {
        int status = run(() -> {
            throw new AssertionError("cannot be");
        });

        assertThat(status).isEqualTo(1);
        assertThat(message())
                .contains("in a way it should not")
                .contains("cannot be")
                .doesNotContain("\tat ");
    }

    @Test
    void theStackTraceIsShownOnRequest() {
        int status = run(
                () -> {
                    throw new AssertionError("cannot be");
                },
                "--stacktrace");

        assertThat(status).isEqualTo(1);
        assertThat(message()).contains("\tat ");
    }

    @Test
    void aReaderThatLeavesEndsTheCommandSilently() {
        System.setOut(new StandardOutput(failing("Broken pipe")));

        int status = run(MainTest::print);

        assertThat(status).isEqualTo(141);
        assertThat(message()).isEmpty();
    }

    @Test
    void aFullDiskBehindStandardOutputIsAFailure() {
        System.setOut(new StandardOutput(failing("No space left on device")));

        int status = run(MainTest::print);

        assertThat(status).isEqualTo(1);
        assertThat(message()).isEqualTo("cannot write to standard output: No space left on device\n");
    }

    @Test
    void anEmptyNameIsNotTheFolderThatTheProgramRunsIn() {
        assertThat(Main.commandLine().execute("inspect", "")).isEqualTo(2);
        assertThat(Main.commandLine().execute("generate", "--model", "", "--prompt", "a"))
                .isEqualTo(2);

        assertThat(message().lines())
                .filteredOn(line -> line.contains("is empty"))
                .hasSize(2);
    }

    private static int print() {
        Console.result("a line");
        throw new AssertionError("nobody sees it");
    }

    private int endless() {
        return endless() + 1;
    }

    private static int run(Callable<Integer> work, String... options) {
        String[] arguments = new String[options.length + 1];
        arguments[0] = "work";
        System.arraycopy(options, 0, arguments, 1, options.length);
        return Main.commandLine().addSubcommand(new Work(work)).execute(arguments);
    }

    private String message() {
        return streams.err();
    }

    private static OutputStream failing(String reason) {
        return new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException(reason);
            }
        };
    }

    /// A command that does what a test gives it to do.
    @Command(name = "work")
    private static final class Work implements Callable<Integer> {
        private final Callable<Integer> work;

        @Mixin
        private CommonOptions common;

        Work(Callable<Integer> work) {
            this.work = work;
        }

        @Override
        public Integer call() throws Exception {
            return work.call();
        }
    }
}
