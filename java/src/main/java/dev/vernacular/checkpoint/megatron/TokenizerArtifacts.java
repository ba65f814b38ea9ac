package dev.vernacular.checkpoint.megatron;

import dev.vernacular.config.ConfigException;
import dev.vernacular.config.ModelSection;
import dev.vernacular.files.FilesException;
import dev.vernacular.tokenizer.TokenizerFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/// The tokenizer's files that a model section names: `nemo:NAME` is a member of the archive, anything else a
/// path.
final class TokenizerArtifacts {
    static final long LARGEST = TokenizerFiles.LARGEST;
    private static final String MEMBER = "nemo:";
    private final ModelSection section;
    private final Members members;

    /// Finds a member of the archive, or a file beside a checkpoint.
    @FunctionalInterface
    interface Members {
        Optional<byte[]> find(String name);
    }

    TokenizerArtifacts(ModelSection section, Members members) {
        this.section = section;
        this.members = members;
    }

    /// Empty when the section names no byte-level BPE files, or files that are nowhere to be found.
    ///
    /// @throws ConfigException if a `nemo:` name has no member
    Optional<TokenizerFiles> files() {
        TokenizerFiles files = new TokenizerFiles(read("vocab_file"), read("merge_file"), read("tokenizer_json"));
        boolean isUsable =
                files.tokenizerJson().length > 0 || files.vocabJson().length > 0 && files.mergesTxt().length > 0;
        return isUsable ? Optional.of(files) : Optional.empty();
    }

    private byte[] read(String key) {
        String value = section.text("tokenizer." + key, "");
        if (value.isEmpty()) {
            return new byte[0];
        }
        if (value.startsWith(MEMBER)) {
            return members.find(value.substring(MEMBER.length()))
                    .orElseThrow(() -> new ConfigException(section.origin() + ": tokenizer." + key + " is " + value
                            + ", but there is no such file in the archive"));
        }
        Optional<byte[]> onDisk = onDisk(value);
        return onDisk.isPresent() ? onDisk.get() : members.find(value).orElse(new byte[0]);
    }

    private static Optional<byte[]> onDisk(String value) {
        try {
            Path file = Path.of(value);
            return Files.isRegularFile(file) && Files.size(file) <= LARGEST
                    ? Optional.of(Files.readAllBytes(file))
                    : Optional.empty();
        } catch (InvalidPathException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw FilesException.reading(Path.of(value), e);
        }
    }
}
