package dev.vernacular.checkpoint.megatron;

import dev.vernacular.checkpoint.CheckpointException;
import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.checkpoint.ModelFormat;
import dev.vernacular.checkpoint.torch.TorchFile;
import dev.vernacular.config.ModelSection;
import dev.vernacular.files.FilesException;
import dev.vernacular.tokenizer.TokenizerFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// Opens the model inside a Lightning `.ckpt`: `state_dict` with the configuration of an `hparams.yaml`, or that
/// of a Megatron-LM checkpoint. The other objects of such a file (optimizer, callbacks, configuration classes) are data
/// that nothing here looks
/// at.
public final class LightningCheckpoint {
    static final String HPARAMS = "hparams.yaml";
    static final String TOKENIZER = "tokenizer";

    private LightningCheckpoint() {}

    /// @param hparams the configuration; by default `hparams.yaml` beside the file or in one of the two folders
    ///                above
    /// @throws dev.vernacular.VernacularException with what is wrong, naming file and key or tensor
    public static ModelFile open(Path path, Optional<Path> hparams) {
        List<TorchFile> files = new ArrayList<>();
        Runnable close = () -> files.forEach(TorchFile::close);
        try {
            List<List<Map<?, ?>>> stages = new ArrayList<>();
            for (List<Path> stage : ranks(path)) {
                List<Map<?, ?>> ranks = new ArrayList<>();
                for (Path rank : stage) {
                    files.add(TorchFile.open(rank));
                    ranks.add(stateDict(files.getLast().dictionary(), rank.toString()));
                }
                stages.add(ranks);
            }
            Optional<Path> config = hparams.isPresent() ? hparams : findHparams(path);
            Map<?, ?> root = files.getFirst().dictionary();
            ModelSection section = section(path, config, root);
            QkvRows order = MegatronLmFile.isOne(root) ? MegatronLmFile.order(root) : StateDict.order(section);
            StateDict weights = new StateDict(stages, section, order, path.toString());
            return new MegatronModel(
                    path,
                    ModelFormat.LIGHTNING,
                    section,
                    weights.config(),
                    tokenizer(section, config),
                    weights.tensors(),
                    close);
        } catch (RuntimeException e) {
            close.run();
            throw e;
        }
    }

    /// A file in a rank's folder has the other ranks' parts in the folders beside it.
    private static List<List<Path>> ranks(Path path) {
        Path folder = path.toAbsolutePath().getParent();
        if (!RankFiles.isRankFolder(String.valueOf(folder.getFileName()))) {
            return List.of(List.of(path));
        }
        String file = path.getFileName().toString();
        try (Stream<Path> siblings = Files.list(folder.getParent())) {
            List<String> names = siblings.filter(sibling -> Files.exists(sibling.resolve(file)))
                    .map(sibling -> sibling.getFileName() + "/" + file)
                    .toList();
            return RankFiles.of(names, file, path.toString()).stages().stream()
                    .map(stage ->
                            stage.stream().map(folder.getParent()::resolve).toList())
                    .toList();
        } catch (IOException e) {
            throw FilesException.reading(folder.getParent(), e);
        }
    }

    /// A bare state dict (`model_weights.ckpt` of an unpacked archive) is its own.
    private static Map<?, ?> stateDict(Map<?, ?> root, String label) {
        if (MegatronLmFile.isOne(root)) {
            return MegatronLmFile.stateDict(root, label);
        }
        return root.get("state_dict") instanceof Map<?, ?> weights ? weights : root;
    }

    private static ModelSection section(Path path, Optional<Path> config, Map<?, ?> root) {
        if (config.isPresent()) {
            return ModelSection.read(config.get());
        }
        if (root.get("hyper_parameters") instanceof Map<?, ?> saved && saved.get("cfg") instanceof Map<?, ?> section) {
            return PickledSection.of(section, path + ": hyper_parameters");
        }
        Optional<ModelSection> arguments = MegatronLmFile.section(root, path.toString());
        if (arguments.isPresent()) {
            return arguments.get();
        }
        throw new CheckpointException(path + " does not say what model it is of, and no " + HPARAMS
                + " is beside it or in the folders above\n  Name one: hparams_file=PATH");
    }

    private static Optional<Path> findHparams(Path path) {
        Path folder = path.toAbsolutePath().getParent();
        for (int up = 0; up < 3 && folder != null; up++) {
            for (String name : List.of(HPARAMS, "model_config.yaml")) {
                if (Files.isRegularFile(folder.resolve(name))) {
                    return Optional.of(folder.resolve(name));
                }
            }
            folder = folder.getParent();
        }
        return Optional.empty();
    }

    private static Optional<TokenizerFiles> tokenizer(ModelSection section, Optional<Path> config) {
        return new TokenizerArtifacts(section, name -> beside(config, name)).files();
    }

    /// A relative name is one beside the configuration; and since the paths that NeMo saves are absolute, a
    /// file that is no longer there may have moved along with the configuration.
    private static Optional<byte[]> beside(Optional<Path> config, String name) {
        if (config.isEmpty() || name.indexOf('\0') >= 0) {
            return Optional.empty();
        }
        Path folder = config.get().toAbsolutePath().getParent();
        String baseName = name.substring(name.lastIndexOf('/') + 1);
        Optional<Path> file = Stream.of(name, TOKENIZER + "/" + baseName, baseName)
                .map(folder::resolve)
                .filter(Files::isRegularFile)
                .findFirst();
        try {
            if (file.isPresent() && Files.size(file.get()) > TokenizerArtifacts.LARGEST) {
                throw new CheckpointException(file.get() + " has " + Files.size(file.get())
                        + " bytes; no tokenizer's file has more than " + TokenizerArtifacts.LARGEST);
            }
            return file.isPresent() ? Optional.of(Files.readAllBytes(file.get())) : Optional.empty();
        } catch (IOException e) {
            throw FilesException.reading(file.get(), e);
        }
    }
}
