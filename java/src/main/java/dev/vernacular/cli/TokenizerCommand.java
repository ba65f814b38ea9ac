package dev.vernacular.cli;

import dev.vernacular.tokenizer.pieces.PreTokenizer;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/// `tokenizer`: the commands about tokenizers.
@Command(
        name = "tokenizer",
        mixinStandardHelpOptions = true,
        description = "Trains, merges, checks and runs tokenizers.",
        subcommands = {
            TokenizerTrainCommand.class,
            TokenizerMergeCommand.class,
            TokenizerCheckCommand.class,
            TokenizerEncodeCommand.class,
            TokenizerDecodeCommand.class
        })
final class TokenizerCommand implements Runnable {
    /// The field of a JSON line that holds the text.
    static final String KEY = "text";

    @CommandLine.Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "name what to do: " + String.join(", ", spec.subcommands().keySet()));
    }

    static PreTokenizer preTokenizer(CommandSpec spec, String label) {
        return PreTokenizer.named(label)
                .orElseThrow(() -> new ParameterException(
                        spec.commandLine(), "--pre-tokenizer is '" + label + "'; it is gpt2 or marks"));
    }
}
