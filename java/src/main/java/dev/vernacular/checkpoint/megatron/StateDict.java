package dev.vernacular.checkpoint.megatron;

import dev.vernacular.checkpoint.CheckpointException;
import dev.vernacular.checkpoint.StoredTensor;
import dev.vernacular.checkpoint.torch.TorchTensor;
import dev.vernacular.config.ModelSection;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.model.GptConfig;
import dev.vernacular.model.ParameterLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// A Megatron-GPT state dict, one mapping for each tensor-parallel rank, checked against the configuration:
/// every parameter there, of its right shape, and nothing else.
final class StateDict {
    private final String label;
    private final List<Map<String, Keyed>> ranks = new ArrayList<>();
    private final GptConfig config;
    private final boolean isInterleaved;

    /// A tensor with the key it had, for errors.
    private record Keyed(String key, TorchTensor tensor) {}

    /// @param ranks   state dicts in order of rank
    /// @param section the model's configuration
    /// @param label   names the file in errors
    StateDict(List<Map<?, ?>> ranks, ModelSection section, String label) {
        this.label = label;
        ranks.forEach(rank -> this.ranks.add(parameters(rank)));
        this.config = section.gptConfig(tokenRows());
        this.isInterleaved = !section.flag("megatron_legacy", false);
        if (!isInterleaved && ranks.size() > 1) {
            throw new CheckpointException(label + ": megatron_legacy is true and the weights are in " + ranks.size()
                    + " tensor-parallel parts; their order is not known\n  Merge them with NeMo first.");
        }
        if (config.layers() > this.ranks.getFirst().size()) {
            throw new CheckpointException(label + ": num_layers is " + config.layers() + ", but there are only "
                    + this.ranks.getFirst().size() + " tensors");
        }
    }

    GptConfig config() {
        return config;
    }

    List<StoredTensor> tensors() {
        ParameterLayout layout = new ParameterLayout(config);
        for (Map<String, Keyed> rank : ranks) {
            rank.forEach((name, keyed) -> requireExpected(layout.has(name), keyed.key()));
        }
        return MegatronNames.inModuleOrder(config).stream()
                .map(name -> tensor(name, layout.get(name).shape()))
                .toList();
    }

    private void requireExpected(boolean isExpected, String key) {
        if (!isExpected) {
            throw new CheckpointException(label + ": '" + key + "' is in the weights, but a model of this configuration"
                    + " (" + config.layers() + " layers, " + (config.isTied() ? "tied" : "untied") + " head, "
                    + (config.usesRope() ? "rope" : "learned positions") + ", " + (config.hasBias() ? "with" : "no")
                    + " biases) has no such parameter");
        }
    }

    private Map<String, Keyed> parameters(Map<?, ?> stateDict) {
        Map<String, Keyed> found = new HashMap<>();
        stateDict.forEach((key, value) -> {
            if (!(key instanceof String text)) {
                throw new CheckpointException(label + ": a key of the state dict is " + key + ", which is no text");
            }
            if (!MegatronNames.isIgnored(text)) {
                String name = MegatronNames.canonical(text)
                        .orElseThrow(() -> new CheckpointException(label + ": '" + text
                                + "' is no parameter of a Megatron GPT\n  Other architectures are not supported."));
                if (found.put(name, new Keyed(text, requireTensor(text, value))) != null) {
                    throw new CheckpointException(label + ": '" + text + "' is there twice, in two spellings");
                }
            }
        });
        return found;
    }

    private TorchTensor requireTensor(String key, Object value) {
        if (value instanceof TorchTensor tensor) {
            return tensor;
        }
        throw new CheckpointException(label + ": '" + key + "' is no tensor but "
                + (value == null ? "None" : "a " + value.getClass().getSimpleName()));
    }

    private int tokenRows() {
        long rows = 0;
        for (Map<String, Keyed> rank : ranks) {
            Keyed table = rank.get(ParameterLayout.WORD_EMBEDDINGS);
            if (table == null || table.tensor().shape().length != 2) {
                throw new CheckpointException(label + ": the weights hold no table of word embeddings"
                        + "\n  Is it a Megatron GPT? Pipeline-parallel parts must be merged first.");
            }
            rows += table.tensor().shape()[0];
        }
        if (rows > Integer.MAX_VALUE) {
            throw new CheckpointException(label + ": the table of word embeddings has " + rows + " rows");
        }
        return (int) rows;
    }

    private StoredTensor tensor(String name, long[] shape) {
        MegatronNames.Split split = MegatronNames.split(name);
        List<TorchTensor> parts = new ArrayList<>();
        for (Map<String, Keyed> rank : split == MegatronNames.Split.REPLICATED ? ranks.subList(0, 1) : ranks) {
            Keyed keyed = rank.get(name);
            if (keyed == null) {
                throw new CheckpointException(label + ": the weights lack '" + MegatronNames.key(name, false)
                        + "' (megatron-core: '" + MegatronNames.key(name, true) + "')");
            }
            parts.add(keyed.tensor());
        }
        String key = ranks.getFirst().get(name).key();
        requireShape(key, parts, split, shape);
        boolean isQkv = isInterleaved && name.contains(ParameterLayout.QKV);
        return new ShardedTensor(name, dtype(key, parts), shape, parts, split, isQkv ? config.heads() : 0);
    }

    private void requireShape(String key, List<TorchTensor> parts, MegatronNames.Split split, long[] wanted) {
        int axis = split == MegatronNames.Split.COLUMNS ? 1 : 0;
        long[] whole = parts.getFirst().shape();
        for (TorchTensor part : parts.subList(1, parts.size())) {
            long[] shape = part.shape();
            if (shape.length != whole.length || shape.length <= axis) {
                throw new CheckpointException(label + ": '" + key + "' has parts of different kinds");
            }
            whole[axis] += shape[axis];
            shape[axis] = whole[axis];
            if (!Arrays.equals(shape, whole)) {
                throw new CheckpointException(label + ": '" + key + "' has parts that do not fit together");
            }
        }
        if (!Arrays.equals(whole, wanted)) {
            throw new CheckpointException(label + ": '" + key + "' has the shape " + Arrays.toString(whole)
                    + ", the configuration asks for " + Arrays.toString(wanted));
        }
    }

    private Dtype dtype(String key, List<TorchTensor> parts) {
        Dtype dtype = parts.getFirst().dtype().dtype().orElse(Dtype.I32);
        boolean isFloating = dtype == Dtype.F32 || dtype == Dtype.F16 || dtype == Dtype.BF16 || dtype == Dtype.F64;
        if (!isFloating
                || parts.stream()
                        .anyMatch(part -> part.dtype() != parts.getFirst().dtype())) {
            throw new CheckpointException(label + ": '" + key + "' is of type "
                    + parts.getFirst().dtype().torchName()
                    + "; weights are float32, float16, bfloat16 or float64, and every part alike");
        }
        return dtype;
    }
}
