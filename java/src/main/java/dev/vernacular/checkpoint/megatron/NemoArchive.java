package dev.vernacular.checkpoint.megatron;

import dev.vernacular.checkpoint.CheckpointException;
import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.checkpoint.ModelFormat;
import dev.vernacular.checkpoint.archive.Archive;
import dev.vernacular.checkpoint.torch.TorchFile;
import dev.vernacular.config.ModelSection;
import dev.vernacular.config.Yaml;
import dev.vernacular.files.FileBytes;
import dev.vernacular.tokenizer.TokenizerFiles;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Opens `.nemo` models: an archive of `model_config.yaml`, the weights of one or more ranks, and the tokenizer's files
/// under names that the configuration gives as `nemo:NAME`.
public final class NemoArchive {
    private static final String CONFIG = "model_config.yaml";
    private static final String WEIGHTS = "model_weights.ckpt";
    private static final long LARGEST_METADATA = 1 << 20;

    private NemoArchive() {}

    /// @throws dev.vernacular.VernacularException with what is wrong, naming file and key or tensor
    public static ModelFile open(Path path) {
        Archive archive = Archive.open(path);
        try {
            return read(path, archive);
        } catch (RuntimeException e) {
            archive.close();
            throw e;
        }
    }

    private static ModelFile read(Path path, Archive archive) {
        byte[] config = archive.bytes(CONFIG, Yaml.LONGEST_TEXT).orElseThrow(() -> noConfiguration(path, archive));
        ModelSection section = ModelSection.of(Yaml.parse(config, archive.label(CONFIG)), archive.label(CONFIG));
        List<List<Map<?, ?>>> stages = new ArrayList<>();
        for (List<String> stage : weights(path, archive)) {
            stages.add(stage.stream()
                    .<Map<?, ?>>map(name -> stateDict(archive, name))
                    .toList());
        }
        StateDict weights = new StateDict(stages, section, StateDict.order(section), path.toString());
        Optional<TokenizerFiles> tokenizer =
                new TokenizerArtifacts(section, name -> fromArchive(archive, name)).files();
        return new MegatronModel(
                path, ModelFormat.NEMO, section, weights.config(), tokenizer, weights.tensors(), archive::close);
    }

    private static CheckpointException noConfiguration(Path path, Archive archive) {
        if (archive.names().containsAll(List.of("storages", "tensors", "pickle"))) {
            return new CheckpointException(path + " is a torch file of the first years, a tar archive\n"
                    + "  Load it with torch and save it again with torch.save.");
        }
        return new CheckpointException(path + " has no " + CONFIG + "; it holds " + listed(archive.names())
                + "\n  It is no .nemo model, or it is cut short.");
    }

    private static Map<?, ?> stateDict(Archive archive, String name) {
        FileBytes bytes = archive.find(name).orElseThrow();
        try (TorchFile file = TorchFile.of(bytes, archive.label(name))) {
            return file.requirePlainData().dictionary();
        }
    }

    /// Names of the weight files by pipeline rank, then by tensor-parallel rank.
    private static List<List<String>> weights(Path path, Archive archive) {
        List<String> names = archive.names();
        if (names.contains(WEIGHTS)) {
            return List.of(List.of(WEIGHTS));
        }
        if (names.stream().anyMatch(name -> name.startsWith("model_weights/"))) {
            throw new CheckpointException(path + " holds a distributed checkpoint (" + backend(archive)
                    + "), which is not supported\n  Convert it with NeMo to a single model_weights.ckpt first.");
        }
        RankFiles ranks = RankFiles.of(names, WEIGHTS, path.toString());
        if (ranks.isEmpty()) {
            throw new CheckpointException(path + " has no " + WEIGHTS + "; it holds " + listed(names)
                    + "\n  It is no .nemo model of a GPT, or it is cut short.");
        }
        return ranks.stages();
    }

    private static String backend(Archive archive) {
        String text = archive.bytes("model_weights/metadata.json", LARGEST_METADATA)
                .map(String::new)
                .orElse("");
        return text.contains("zarr") ? "zarr" : text.contains("torch_dist") ? "torch_dist" : "backend not stated";
    }

    /// By exact name, or by the original name behind the prefix, as the oldest archives need.
    private static Optional<byte[]> fromArchive(Archive archive, String name) {
        String baseName = name.substring(name.lastIndexOf('/') + 1);
        Optional<byte[]> exact = archive.bytes(name, TokenizerArtifacts.LARGEST);
        return exact.isPresent()
                ? exact
                : archive.names().stream()
                        .filter(entry ->
                                !baseName.isEmpty() && (entry.equals(baseName) || entry.endsWith("_" + baseName)))
                        .findFirst()
                        .flatMap(entry -> archive.bytes(entry, TokenizerArtifacts.LARGEST));
    }

    private static String listed(List<String> names) {
        return names.isEmpty() ? "nothing" : String.join(", ", names.subList(0, Math.min(8, names.size())));
    }
}
