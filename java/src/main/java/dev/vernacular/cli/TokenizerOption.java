package dev.vernacular.cli;

import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.tokenizer.TokenizerException;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/// The tokenizer of a model that carries none, or another in its place.
final class TokenizerOption {
    @Option(
            names = "--tokenizer",
            paramLabel = "DIR",
            description = "Folder of a tokenizer; default: the one that the model carries.")
    private Optional<Path> folder = Optional.empty();

    /// Empty if none is given and the model carries none.
    Optional<Tokenizer> of(ModelFile model) {
        return folder.map(TokenizerArgument::load).or(() -> model.tokenizer().map(Tokenizer::of));
    }

    Tokenizer required(ModelFile model) {
        return of(model)
                .orElseThrow(() -> new TokenizerException(
                        model.path() + " carries no tokenizer\n  Name the folder of one with --tokenizer."));
    }
}
