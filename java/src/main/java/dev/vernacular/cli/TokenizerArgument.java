package dev.vernacular.cli;

import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.tokenizer.TokenizerException;
import java.nio.file.Files;
import java.nio.file.Path;

/// What an option that takes a tokenizer may name: a folder of tokenizer files, or a model that carries its own.
final class TokenizerArgument {
    private TokenizerArgument() {}

    /// @throws dev.vernacular.VernacularException if there is no tokenizer, or it is damaged
    static Tokenizer load(Path path) {
        if (!isModel(path)) {
            return Tokenizer.load(path);
        }
        try (ModelFile model = ModelFile.open(path)) {
            return Tokenizer.of(model.tokenizer()
                    .orElseThrow(() -> new TokenizerException(path + " carries no tokenizer"
                            + "\n  Name a folder with vocab.json and merges.txt, or tokenizer.json.")));
        }
    }

    /// An unpacked `.nemo`, or a file; but not one of a tokenizer's own, whose folder has to be named.
    private static boolean isModel(Path path) {
        return Files.exists(path.resolve("model_config.yaml"))
                || Files.isRegularFile(path) && !path.toString().matches(".*\\.(json|txt)");
    }
}
