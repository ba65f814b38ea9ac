package dev.vernacular.checkpoint.hf;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.vernacular.files.FilesException;
import dev.vernacular.files.JsonProblem;
import dev.vernacular.tokenizer.TokenizerFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// The small files of a Hugging Face folder.
final class FolderFiles {
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();
    private static final long LARGEST_JSON = 4L << 20;

    private FolderFiles() {}

    /// @throws HuggingFaceException if the file is missing or no JSON object
    static JsonNode json(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new HuggingFaceException(file + " is missing\n  A Hugging Face model needs it beside its weights.");
        }
        try {
            JsonNode json = JSON.readTree(bytes(file, LARGEST_JSON));
            if (json == null || !json.isObject()) {
                throw new HuggingFaceException(file + " holds no JSON object");
            }
            return json;
        } catch (JsonProcessingException e) {
            throw new HuggingFaceException(file + " is no JSON: " + JsonProblem.describe(e));
        } catch (IOException e) {
            throw FilesException.reading(file, e);
        }
    }

    static Optional<TokenizerFiles> tokenizer(Path folder) {
        TokenizerFiles files = new TokenizerFiles(
                optional(folder.resolve("vocab.json")),
                optional(folder.resolve("merges.txt")),
                optional(folder.resolve("tokenizer.json")));
        boolean isUsable =
                files.tokenizerJson().length > 0 || files.vocabJson().length > 0 && files.mergesTxt().length > 0;
        return isUsable ? Optional.of(files) : Optional.empty();
    }

    private static byte[] optional(Path file) {
        return Files.isRegularFile(file) ? bytes(file, TokenizerFiles.LARGEST) : new byte[0];
    }

    private static byte[] bytes(Path file, long largest) {
        try {
            if (Files.size(file) > largest) {
                throw new HuggingFaceException(file + " has " + Files.size(file) + " bytes, the limit is " + largest);
            }
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw FilesException.reading(file, e);
        }
    }
}
