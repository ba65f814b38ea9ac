package dev.vernacular.cli;

import picocli.CommandLine;

/// The program's entry: one picocli command per subcommand, added here.
@CommandLine.Command(name = "vernacular", mixinStandardHelpOptions = true, version = "vernacular 0.1.0")
public final class Main {
    private Main() {}

    public static void main(String[] args) {
        System.exit(new CommandLine(new Main()).execute(args));
    }
}
