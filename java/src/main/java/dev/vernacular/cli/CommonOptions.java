package dev.vernacular.cli;

import picocli.CommandLine.Option;

/// Options that every command has.
final class CommonOptions {
    @Option(names = "--json", description = "Print one JSON object on one line of stdout, and nothing else there.")
    boolean json;

    @Option(names = "--stacktrace", description = "With an error, show where in the program it happened.")
    boolean stacktrace;
}
