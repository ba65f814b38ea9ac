package dev.vernacular.cli;

import dev.vernacular.VernacularException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/// The program's entry: the table of commands and the one place where failures become messages and exit
/// statuses.
@Command(
        name = "vernacular",
        mixinStandardHelpOptions = true,
        version = Main.VERSION,
        description = "Teaches a pretrained GPT a new language.",
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
                .setExpandAtFiles(false)
                .setParameterExceptionHandler(Main::wrongUsage)
                .setExecutionExceptionHandler(Main::failed);
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

    private static int failed(Exception e, CommandLine command, ParseResult parsed) {
        if (parsed.hasMatchedOption("--stacktrace")) {
            e.printStackTrace();
        }
        return switch (e) {
            case VernacularException known -> {
                Console.note(known.getMessage());
                yield known.exitStatus();
            }
            default -> {
                Console.note("vernacular failed in a way it should not: " + e
                        + "\n  Please report it, with the output of the same command with --stacktrace.");
                yield 1;
            }
        };
    }
}
