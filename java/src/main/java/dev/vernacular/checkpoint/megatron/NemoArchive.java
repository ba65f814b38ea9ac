package dev.vernacular.checkpoint.megatron;

import dev.vernacular.checkpoint.CheckpointException;
import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.checkpoint.ModelFormat;
import dev.vernacular.checkpoint.archive.Archive;
import dev.vernacular.checkpoint.torch.TorchFile;
import dev.vernacular.config.ModelSection;
import dev.vernacular.config.Yaml;
import dev.vernacular.tokenizer.TokenizerFiles;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Opens `.nemo` models: an archive of `model_config.yaml`, the weights of one or more tensor-parallel ranks,
/// and the tokenizer's files under names that the configuration gives as `nemo:NAME`.
public final class NemoArchive {
    private static final String CONFIG = "model_config.yaml";
    private static final String WEIGHTS = "model_weights.ckpt";

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
        MemorySegment config = archive.find(CONFIG)
                .orElseThrow(() -> new CheckpointException(path + " has no " + CONFIG + "; it holds "
                        + listed(archive.names()) + "\n  It is no .nemo model, or it is cut short."));
        ModelSection section = ModelSection.of(
                Yaml.parse(config.toArray(ValueLayout.JAVA_BYTE), archive.label(CONFIG)), archive.label(CONFIG));
        List<Map<?, ?>> ranks = new ArrayList<>();
        for (String name : weights(path, archive)) {
            MemorySegment bytes = archive.find(name).orElseThrow();
            try (TorchFile file = TorchFile.of(bytes, archive.label(name))) {
                ranks.add(file.requirePlainData().dictionary());
            }
        }
        StateDict weights = new StateDict(ranks, section, path.toString());
        Optional<TokenizerFiles> tokenizer =
                new TokenizerArtifacts(section, name -> fromArchive(archive, name)).files();
        return new MegatronModel(
                path, ModelFormat.NEMO, section, weights.config(), tokenizer, weights.tensors(), archive::close);
    }

    /// Names of the weight files, in order of rank.
    private static List<String> weights(Path path, Archive archive) {
        List<String> names = archive.names();
        if (names.contains(WEIGHTS)) {
            return List.of(WEIGHTS);
        }
        if (names.stream().anyMatch(name -> name.startsWith("model_weights/"))) {
            throw new CheckpointException(path + " holds a distributed checkpoint (" + backend(archive)
                    + "), which is not supported\n  Convert it with NeMo to a single model_weights.ckpt first.");
        }
        if (names.stream().anyMatch(name -> name.matches("tp_rank_\\d+_pp_rank_\\d+/.*"))) {
            throw new CheckpointException(path + " holds pipeline-parallel parts, which are not supported\n"
                    + "  Merge them with NeMo's megatron_change_num_partitions.py first.");
        }
        List<String> ranks = names.stream()
                .filter(name -> name.matches("mp_rank_\\d{2}/" + WEIGHTS))
                .sorted()
                .toList();
        for (int rank = 0; rank < ranks.size(); rank++) {
            if (!ranks.get(rank).equals("mp_rank_%02d/%s".formatted(rank, WEIGHTS))) {
                throw new CheckpointException(
                        path + " lacks the weights of tensor-parallel rank " + rank + ": it holds " + listed(ranks));
            }
        }
        if (ranks.isEmpty()) {
            throw new CheckpointException(path + " has no " + WEIGHTS + "; it holds " + listed(names)
                    + "\n  It is no .nemo model of a GPT, or it is cut short.");
        }
        return ranks;
    }

    private static String backend(Archive archive) {
        Optional<MemorySegment> metadata = archive.find("model_weights/metadata.json");
        String text = metadata.map(bytes -> new String(bytes.toArray(ValueLayout.JAVA_BYTE)))
                .orElse("");
        return text.contains("zarr") ? "zarr" : text.contains("torch_dist") ? "torch_dist" : "backend not stated";
    }

    /// By exact name, or by the original name behind the prefix, as the oldest archives need.
    private static Optional<byte[]> fromArchive(Archive archive, String name) {
        String baseName = name.substring(name.lastIndexOf('/') + 1);
        Optional<MemorySegment> exact = archive.find(name);
        Optional<MemorySegment> found = exact.isPresent()
                ? exact
                : archive.names().stream()
                        .filter(entry ->
                                !baseName.isEmpty() && (entry.equals(baseName) || entry.endsWith("_" + baseName)))
                        .findFirst()
                        .flatMap(archive::find);
        return found.map(bytes -> bytes.toArray(ValueLayout.JAVA_BYTE));
    }

    private static String listed(List<String> names) {
        return names.isEmpty() ? "nothing" : String.join(", ", names.subList(0, Math.min(8, names.size())));
    }
}
