package dev.vernacular.checkpoint.megatron;

import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.checkpoint.ModelFormat;
import dev.vernacular.checkpoint.StoredTensor;
import dev.vernacular.config.ModelSection;
import dev.vernacular.model.GptConfig;
import dev.vernacular.tokenizer.TokenizerFiles;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// An open model whose weights are Megatron state dicts.
///
/// @param resource what holds the mapping
record MegatronModel(
        Path path,
        ModelFormat format,
        ModelSection section,
        GptConfig config,
        Optional<TokenizerFiles> tokenizer,
        List<StoredTensor> tensors,
        Runnable resource)
        implements ModelFile {
    @Override
    public void close() {
        resource.run();
    }
}
