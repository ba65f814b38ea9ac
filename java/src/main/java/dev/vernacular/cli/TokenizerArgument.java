package dev.vernacular.cli;

import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.data.DataException;
import dev.vernacular.tokenizer.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;

/// What an option for a tokenizer may name: a folder of its files, or a model that carries one.
final class TokenizerArgument {
    private TokenizerArgument() {}

    /// @throws dev.vernacular.VernacularException if there is no tokenizer, or it is damaged
    static Tokenizer load(Path path) {
        boolean isModel = Files.isRegularFile(path) || Files.exists(path.resolve("model_config.yaml"));
        if (!isModel) {
            return Tokenizer.load(path);
        }
        try (ModelFile model = ModelFile.open(path)) {
            return Tokenizer.of(model.tokenizer()
                    .orElseThrow(() -> new DataException(path + " carries no tokenizer"
                            + "\n  Name a folder with vocab.json and merges.txt, or tokenizer.json.")));
        }
    }
}
