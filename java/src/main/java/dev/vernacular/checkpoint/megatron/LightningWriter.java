package dev.vernacular.checkpoint.megatron;

import dev.vernacular.checkpoint.CheckpointException;
import dev.vernacular.checkpoint.StoredTensor;
import dev.vernacular.checkpoint.torch.TorchWriter;
import dev.vernacular.config.ModelSection;
import dev.vernacular.config.Yaml;
import dev.vernacular.files.AtomicFile;
import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.tokenizer.TokenizerFiles;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/// Writes a model as a Lightning checkpoint at step 0 that NeMo loads and trains on from: `NAME.ckpt`, beside it
/// `hparams.yaml` with the configuration under `cfg:`, and the tokenizer's files in `tokenizer/`.
public final class LightningWriter {
    /// Lightning upgrades checkpoints by their version.
    private static final String LIGHTNING_VERSION = "2.0.9";

    private LightningWriter() {}

    /// @param section   of the model; its parallel sizes become 1, its tokenizer's names absolute paths, as NeMo
    ///                  has them
    /// @param tokenizer empty for a model that carries none; the section's file names are dropped then
    /// @param tensors   every parameter of the model once, in any order, each in the type it is to be stored in
    /// @throws dev.vernacular.files.FilesException if one of the files exists and `force` is false, or cannot
    ///   be written; the checkpoint is then as it was
    /// @throws CheckpointException if a parameter is missing, twice there or of a wrong shape
    public static void write(
            Path target,
            ModelSection section,
            Optional<TokenizerFiles> tokenizer,
            List<StoredTensor> tensors,
            boolean force) {
        Path folder = target.toAbsolutePath().normalize().getParent();
        Path hparams = folder.resolve(LightningCheckpoint.HPARAMS);
        Path files = folder.resolve(LightningCheckpoint.TOKENIZER);
        AtomicFile.refuseToReplace(target, force);
        AtomicFile.refuseToReplace(hparams, force);
        Optional<Tokenizer> loaded = tokenizer.map(Tokenizer::of);
        loaded.ifPresent(found -> Tokenizer.refuseToReplace(files, force));
        ModelParameters parameters = ModelParameters.of(target, section, tensors);
        OptionalInt size = loaded.map(found -> OptionalInt.of(found.size())).orElse(OptionalInt.empty());
        ModelSection laidOut =
                MegatronLayout.LEGACY.section(section, size, parameters.config().paddedVocabularySize());
        ModelSection written = loaded.isPresent() ? withTokenizer(laidOut, files) : withoutTokenizer(laidOut);
        TorchWriter weights = TorchWriter.of(
                root(0, parameters.stateDict(MegatronLayout.LEGACY, 0, 0), List.of(), List.of(), written.asMap()));
        AtomicFile.write(target, channel -> {
            weights.writeTo(channel);
            // What may not fit the disk is written; the small files come before the checkpoint has its name.
            loaded.ifPresent(found -> found.save(files, force));
            AtomicFile.write(hparams, hparams(written.asMap()));
        });
    }

    /// The keys that every checkpoint of Lightning has.
    ///
    /// @param step       optimizer steps done
    /// @param optimizers state of each; empty for a model that training starts from
    /// @param schedulers of the learning rate, likewise
    /// @param section    of the model
    public static Map<String, Object> root(
            long step,
            Map<String, Object> stateDict,
            List<Object> optimizers,
            List<Object> schedulers,
            Map<String, Object> section) {
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("epoch", 0L);
        root.put("global_step", step);
        root.put("pytorch-lightning_version", LIGHTNING_VERSION);
        root.put("state_dict", stateDict);
        root.put("loops", Map.of());
        root.put("callbacks", Map.of());
        root.put("optimizer_states", optimizers);
        root.put("lr_schedulers", schedulers);
        root.put("hparams_name", "cfg");
        root.put("hyper_parameters", Map.of("cfg", section));
        return root;
    }

    /// The content of `hparams.yaml`.
    public static byte[] hparams(Map<String, Object> section) {
        return Yaml.write(Map.of("cfg", section)).getBytes(StandardCharsets.UTF_8);
    }

    /// The section with the files of a tokenizer folder by their absolute paths.
    public static ModelSection withTokenizer(ModelSection section, Path folder) {
        Path files = folder.toAbsolutePath().normalize();
        return section.with("tokenizer.vocab_file", files.resolve("vocab.json").toString())
                .with("tokenizer.merge_file", files.resolve("merges.txt").toString())
                .with(
                        "tokenizer.tokenizer_json",
                        files.resolve("tokenizer.json").toString());
    }

    private static ModelSection withoutTokenizer(ModelSection section) {
        String model = section.text("tokenizer.model", "");
        if (!model.isEmpty()) {
            throw new CheckpointException(section.origin() + ": tokenizer.model is " + model
                    + "; SentencePiece tokenizers are not supported, and writing would lose it");
        }
        ModelSection bare = section.with("tokenizer.vocab_file", null).with("tokenizer.merge_file", null);
        return section.get("tokenizer.tokenizer_json").isPresent() ? bare.with("tokenizer.tokenizer_json", null) : bare;
    }
}
