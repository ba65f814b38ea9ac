package dev.vernacular.cli;

import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.data.DataException;
import dev.vernacular.tokenizer.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;

/// What `--tokenizer` may name: a folder of tokenizer files, or a model that carries its own.
final class TokenizerArgument {
    private TokenizerArgument() {}

    /// @throws dev.vernacular.VernacularException if there is no tokenizer, or it is damaged
    static Tokenizer load(Path path) {
        if (!Files.isRegularFile(path)) {
            return Tokenizer.load(path);
        }
        try (ModelFile model = ModelFile.open(path)) {
            return Tokenizer.of(model.tokenizer()
                    .orElseThrow(() -> new DataException(path + " carries no tokenizer"
                            + "\n  Name a folder with vocab.json and merges.txt, or tokenizer.json.")));
        }
    }
}
