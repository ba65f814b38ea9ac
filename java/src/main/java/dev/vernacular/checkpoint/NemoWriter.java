package dev.vernacular.checkpoint;

import dev.vernacular.checkpoint.archive.TarWriter;
import dev.vernacular.checkpoint.megatron.MegatronLayout;
import dev.vernacular.checkpoint.megatron.ModelParameters;
import dev.vernacular.checkpoint.torch.TorchWriter;
import dev.vernacular.config.ModelSection;
import dev.vernacular.config.Yaml;
import dev.vernacular.files.AtomicFile;
import dev.vernacular.tokenizer.TokenizerFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Writes `.nemo` files that NeMo restores: one plain tar with the configuration, the tokenizer and the weights
/// of one or more ranks. A piece of a tensor is in memory at a time; the same model gives the same bytes.
public final class NemoWriter {
    private NemoWriter() {}

    /// Writes the weights of a single rank with NeMo's own (legacy) tensor names, which every release reads.
    ///
    /// @param section   of the model; its parallel sizes become those written, its tokenizer's names those in
    ///                  the archive
    /// @param tokenizer what the archive carries; without one, the section's file names are dropped
    /// @param tensors   every parameter of the model once, in any order, each in the type it is to be stored in
    /// @throws dev.vernacular.files.FilesException if `target` exists and `force` is false, or cannot be
    ///   written; it is then as it was
    /// @throws CheckpointException if a parameter is missing, twice there or of a wrong shape
    public static void write(
            Path target,
            ModelSection section,
            Optional<TokenizerFiles> tokenizer,
            List<StoredTensor> tensors,
            boolean force) {
        write(target, section, tokenizer, tensors, force, MegatronLayout.LEGACY);
    }

    /// As [#write(Path, ModelSection, Optional, List, boolean)], with other names or over several ranks.
    ///
    /// @throws CheckpointException also if the model cannot be shared evenly by so many
    public static void write(
            Path target,
            ModelSection section,
            Optional<TokenizerFiles> tokenizer,
            List<StoredTensor> tensors,
            boolean force,
            MegatronLayout layout) {
        AtomicFile.refuseToReplace(target, force);
        ModelParameters parameters = ModelParameters.of(target, section, tensors);
        layout.requireFits(parameters.config(), target.toString());
        NemoTokenizer artifacts = NemoTokenizer.of(tokenizer);
        ModelSection written = artifacts.name(
                layout.section(section, artifacts.size(), parameters.config().paddedVocabularySize()));
        AtomicFile.write(target, channel -> {
            TarWriter tar = new TarWriter(channel);
            tar.folder("./");
            tar.file("./model_config.yaml", Yaml.write(written.asMap()).getBytes(StandardCharsets.UTF_8));
            for (Map.Entry<String, byte[]> file : artifacts.files().entrySet()) {
                tar.file("./" + file.getKey(), file.getValue());
            }
            writeWeights(tar, parameters, layout);
            tar.finish();
        });
    }

    private static void writeWeights(TarWriter tar, ModelParameters parameters, MegatronLayout layout)
            throws IOException {
        for (int stage = 0; stage < layout.pipelineParallel(); stage++) {
            for (int rank = 0; rank < layout.tensorParallel(); rank++) {
                String folder = "./" + layout.folder(rank, stage);
                if (!folder.equals("./")) {
                    tar.folder(folder);
                }
                TorchWriter weights = TorchWriter.of(parameters.stateDict(layout, rank, stage));
                tar.file(folder + "model_weights.ckpt", weights.byteSize(), weights::writeTo);
            }
        }
    }
}
