package dev.vernacular.checkpoint;

import dev.vernacular.checkpoint.gguf.GgufModel;
import dev.vernacular.checkpoint.hf.HuggingFaceFolder;
import dev.vernacular.checkpoint.megatron.LightningCheckpoint;
import dev.vernacular.checkpoint.megatron.NemoArchive;
import dev.vernacular.config.ModelSection;
import dev.vernacular.model.GptConfig;
import dev.vernacular.tokenizer.TokenizerFiles;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// A model on disk, of any supported format: its configuration, its tokenizer and its parameters, which stay
/// where they are until they are read.
///
/// Every parameter of the architecture is present with its right shape: a file that lacks one, or has one too
/// many, is not opened. Tensors are in module order (embeddings, layers from the first, final norm, head) and
/// end with [#close()].
public interface ModelFile extends AutoCloseable {
    /// Opens a `.nemo` file (tar, gzipped or not) or its unpacked folder, a Lightning `.ckpt` with its
    /// `hparams.yaml` beside it or in a folder above, a Hugging Face GPT-2 folder or its `.safetensors`, or a
    /// GGUF file of the gpt2 architecture; recognised by content.
    ///
    /// @throws dev.vernacular.VernacularException with what is wrong, naming file and key or tensor
    static ModelFile open(Path path) {
        return open(path, Optional.empty());
    }

    /// As [#open(Path)], with the configuration of a Lightning checkpoint given.
    ///
    /// @param hparams of the checkpoint; ignored by formats that carry their configuration
    static ModelFile open(Path path, Optional<Path> hparams) {
        return switch (ModelFormats.recognise(path)) {
            case NEMO -> NemoArchive.open(path);
            case LIGHTNING -> LightningCheckpoint.open(path, hparams);
            case HUGGING_FACE -> HuggingFaceFolder.open(path);
            case GGUF -> GgufModel.open(path);
        };
    }

    /// What was opened.
    Path path();

    ModelFormat format();

    ModelSection section();

    GptConfig config();

    /// Empty if the model carries no tokenizer that this program can use.
    Optional<TokenizerFiles> tokenizer();

    List<StoredTensor> tensors();

    /// Looks through all weights, once: before the first output of a command that takes long.
    ///
    /// @throws dev.vernacular.VernacularException naming file and tensor if any are damaged
    default void requireWhole() {
        tensors().forEach(StoredTensor::requireWhole);
    }

    /// Unmaps the file; its tensors can no longer be read.
    @Override
    void close();
}
