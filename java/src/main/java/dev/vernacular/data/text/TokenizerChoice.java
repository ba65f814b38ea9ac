package dev.vernacular.data.text;

import dev.vernacular.files.FilesException;
import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.tokenizer.TokenizerException;
import dev.vernacular.tokenizer.TokenizerFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// The tokenizer that `--vocab` and `--merge-file` stand for.
///
/// @param note what a person should know about the choice
public record TokenizerChoice(Tokenizer tokenizer, String note) {
    /// Two files cannot say how text is cut into pieces before merging; a `tokenizer.json` beside the
    /// vocabulary can, and is used if its vocabulary and merges are those of the two files.
    ///
    /// @throws TokenizerException if the two files are damaged
    /// @throws FilesException     if one cannot be read
    public static TokenizerChoice of(Path vocab, Path merges) {
        byte[] vocabJson = bytes(vocab);
        byte[] mergesTxt = bytes(merges);
        Path beside = vocab.resolveSibling("tokenizer.json");
        if (!Files.exists(beside)) {
            return new TokenizerChoice(
                    named(vocab, merges, vocabJson, mergesTxt), "tokenizer: " + vocab + " and " + merges);
        }
        try {
            Tokenizer tokenizer = Tokenizer.of(new TokenizerFiles(vocabJson, mergesTxt, bytes(beside)));
            return new TokenizerChoice(
                    tokenizer,
                    "tokenizer: " + vocab + " and " + merges + ", cut as " + beside + " says ("
                            + tokenizer.preTokenizer() + ")");
        } catch (TokenizerException e) {
            return new TokenizerChoice(
                    named(vocab, merges, vocabJson, mergesTxt),
                    "tokenizer: " + vocab + " and " + merges + "; " + beside
                            + " is not used, it does not agree with them: " + e.getMessage());
        }
    }

    /// What is wrong is told with the names that the files have.
    private static Tokenizer named(Path vocab, Path merges, byte[] vocabJson, byte[] mergesTxt) {
        try {
            return Tokenizer.of(new TokenizerFiles(vocabJson, mergesTxt, new byte[0]));
        } catch (TokenizerException e) {
            throw new TokenizerException(
                    e.getMessage().replace("vocab.json", vocab.toString()).replace("merges.txt", merges.toString()), e);
        }
    }

    private static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw FilesException.reading(file, e);
        }
    }
}
