package dev.vernacular.cli;

import dev.vernacular.VernacularException;
import java.nio.file.Path;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.TypeConversionException;

/// The program's entry: the table of commands and the one place where failures become messages and exit
/// statuses.
@Command(
        name = "vernacular",
        mixinStandardHelpOptions = true,
        version = Main.VERSION,
        description = "Teaches a pretrained GPT a new language.",
        footer = {
            "",
            "In the project's folder, ./vernacular also knows:",
            "  test       Runs all tests, natives included.",
            "  release    Builds the jar and prints its name."
        },
        subcommands = {
            DemoCommand.class,
            AdaptCommand.class,
            TokenizerCommand.class,
            SplitCommand.class,
            PreprocessCommand.class,
            ExpandCommand.class,
            ConvertCommand.class,
            InspectCommand.class,
            TrainCommand.class,
            GenerateCommand.class,
            ScoreCommand.class,
            EvalCommand.class,
            DoctorCommand.class,
            BenchCommand.class,
            PackageCommand.class,
            CommandLine.HelpCommand.class
        })
public final class Main implements Runnable {
    static final String VERSION = "vernacular 0.1.0";

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    private Main() {}

    public static void main(String[] args) {
        Console.ignoreLocale();
        System.exit(commandLine().execute(args));
    }

    static CommandLine commandLine() {
        return new CommandLine(new Main())
                .registerConverter(Path.class, Main::path)
                .setExpandAtFiles(false)
                .setExecutionStrategy(Main::execute)
                .setParameterExceptionHandler(Main::wrongUsage)
                .setExecutionExceptionHandler(Main::failed);
    }

    /// Java takes an empty name for the folder it runs in.
    private static Path path(String name) {
        if (name.isEmpty()) {
            throw new TypeConversionException("the name of the file or folder is empty");
        }
        return Path.of(name);
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "name a command; `vernacular --help` lists them");
    }

    private static int wrongUsage(ParameterException e, String[] args) {
        Console.note(e.getCommandLine().getCommandSpec().qualifiedName() + ": " + e.getMessage());
        if (!CommandLine.UnmatchedArgumentException.printSuggestions(
                e, e.getCommandLine().getErr())) {
            Console.note("  See: " + e.getCommandLine().getCommandSpec().qualifiedName() + " --help");
        }
        return 2;
    }

    /// Runs the command. Picocli hands exceptions to [#failed]; errors pass it.
    private static int execute(ParseResult parsed) {
        try {
            return new CommandLine.RunLast().execute(parsed);
        } catch (Error e) {
            return failed(e, parsed);
        }
    }

    private static int failed(Exception e, CommandLine command, ParseResult parsed) {
        return failed(e, parsed);
    }

    private static int failed(Throwable e, ParseResult parsed) {
        if (parsed.asCommandLineList().getLast().getParseResult().hasMatchedOption("--stacktrace")) {
            e.printStackTrace();
        }
        return switch (e) {
            case OutputException output when output.isReaderGone() -> output.exitStatus();
            case VernacularException known -> failed(known.exitStatus(), known.getMessage());
            case OutOfMemoryError full ->
                failed(
                        1,
                        "out of memory: " + full.getMessage() + "; Java may take "
                                + Runtime.getRuntime().maxMemory() / 1_000_000 + " MB"
                                + "\n  Set VERNACULAR_JAVA_OPTS=-Xmx8g in the environment to give it 8 GB, or choose a"
                                + " smaller batch or model, or fewer workers.");
            case StackOverflowError deep ->
                failed(
                        1,
                        "out of stack: something in the input is nested too deeply"
                                + "\n  If it has to be so, set VERNACULAR_JAVA_OPTS=-Xss64m in the environment.");
            default ->
                failed(
                        1,
                        "vernacular failed in a way it should not: " + e
                                + "\n  Please report it, with the output of the same command with --stacktrace.");
        };
    }

    private static int failed(int exitStatus, String message) {
        Console.note(message);
        return exitStatus;
    }
}
