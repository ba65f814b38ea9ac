package dev.vernacular.tokenizer;

import dev.vernacular.files.AtomicFile;
import dev.vernacular.files.FilesException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// A tokenizer's three files in a folder.
final class TokenizerFolder {
    static final String VOCABULARY = "vocab.json";
    static final String MERGES = "merges.txt";
    static final String TOKENIZER = "tokenizer.json";

    private TokenizerFolder() {}

    static Tokenizer load(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new TokenizerException(folder + (Files.exists(folder) ? " is a file" : " does not exist")
                    + "\n  A tokenizer is a folder with tokenizer.json, or with vocab.json and merges.txt.");
        }
        TokenizerFiles files = new TokenizerFiles(
                bytes(folder.resolve(VOCABULARY)), bytes(folder.resolve(MERGES)), bytes(folder.resolve(TOKENIZER)));
        return Tokenizer.of(files, folder.resolve("x").toString().replaceFirst("x$", ""));
    }

    private static byte[] bytes(Path file) {
        if (!Files.exists(file)) {
            return new byte[0];
        }
        try {
            if (Files.size(file) > TokenizerFiles.LARGEST) {
                throw new TokenizerException(file + " has " + Files.size(file)
                        + " bytes; no tokenizer's file has more than " + TokenizerFiles.LARGEST);
            }
            byte[] bytes = Files.readAllBytes(file);
            if (bytes.length == 0) {
                throw new TokenizerException(file + " is empty");
            }
            return bytes;
        } catch (IOException e) {
            throw FilesException.reading(file, e);
        }
    }

    static void refuseToReplace(Path folder, boolean force) {
        for (String name : new String[] {VOCABULARY, MERGES, TOKENIZER}) {
            AtomicFile.refuseToReplace(folder.resolve(name), force);
        }
    }

    static void save(TokenizerFiles files, Path folder, boolean force) {
        refuseToReplace(folder, force);
        AtomicFile.write(folder.resolve(VOCABULARY), files.vocabJson());
        AtomicFile.write(folder.resolve(MERGES), files.mergesTxt());
        AtomicFile.write(folder.resolve(TOKENIZER), files.tokenizerJson());
    }
}
