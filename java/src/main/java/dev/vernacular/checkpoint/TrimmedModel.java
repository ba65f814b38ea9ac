package dev.vernacular.checkpoint;

import dev.vernacular.config.ModelSection;
import dev.vernacular.model.GptConfig;
import dev.vernacular.model.ParameterLayout;
import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.tokenizer.TokenizerFiles;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// A model without its padding rows: one row for each token of its tokenizer.
public record TrimmedModel(ModelFile source, int rows) implements ModelFile {
    /// @throws CheckpointException if the model carries no tokenizer, or one with more tokens than rows
    public static ModelFile of(ModelFile model) {
        int size = model.tokenizer()
                .map(files -> Tokenizer.of(files).size())
                .orElseThrow(() -> new CheckpointException(
                        model.path() + " carries no tokenizer, so which rows are padding cannot be known"));
        if (size > model.config().paddedVocabularySize()) {
            throw new CheckpointException(model.path() + ": its tokenizer has " + size + " tokens, its table only "
                    + model.config().paddedVocabularySize() + " rows");
        }
        return new TrimmedModel(model, size);
    }

    @Override
    public Path path() {
        return source.path();
    }

    @Override
    public ModelFormat format() {
        return source.format();
    }

    @Override
    public ModelSection section() {
        return source.section().with("make_vocab_size_divisible_by", 1L).with("tensor_model_parallel_size", 1L);
    }

    @Override
    public GptConfig config() {
        return source.config().withPaddedVocabularySize(rows);
    }

    @Override
    public Optional<TokenizerFiles> tokenizer() {
        return source.tokenizer();
    }

    @Override
    public List<StoredTensor> tensors() {
        return source.tensors().stream()
                .map(tensor -> ParameterLayout.isTokenTable(tensor.name()) ? new FirstRows(tensor, rows) : tensor)
                .toList();
    }

    @Override
    public void requireWhole() {
        source.requireWhole();
    }

    @Override
    public void close() {
        source.close();
    }
}
