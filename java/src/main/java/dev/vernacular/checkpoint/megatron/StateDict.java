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
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// A Megatron-GPT's state dicts, one for each rank, put together and checked against the configuration: every
/// parameter there, of its right shape, and nothing else.
final class StateDict {
    private final String label;
    private final List<RankParameters> ranks;
    private final GptConfig config;
    private final QkvRows order;

    /// @param stages  state dicts by pipeline rank, then by tensor-parallel rank
    /// @param section the model's configuration
    /// @param order   of the rows of query, key and value in each rank's part
    /// @param label   names the file in errors
    StateDict(List<List<Map<?, ?>>> stages, ModelSection section, QkvRows order, String label) {
        this.label = label;
        this.order = order;
        this.ranks = IntStream.range(0, stages.getFirst().size())
                .mapToObj(rank -> RankParameters.of(
                        stages.stream().<Map<?, ?>>map(stage -> stage.get(rank)).toList(), section, label))
                .toList();
        this.config = section.gptConfig(tokenRows());
        int tensors = ranks.getFirst().parameters().size();
        if (config.layers() > tensors) {
            throw new CheckpointException(
                    label + ": num_layers is " + config.layers() + ", but there are only " + tensors + " tensors");
        }
        if (config.heads() % ranks.size() != 0) {
            throw new CheckpointException(label + ": num_attention_heads is " + config.heads() + ", which "
                    + ranks.size() + " tensor-parallel parts cannot share");
        }
    }

    /// The order in which NeMo stores query, key and value.
    static QkvRows order(ModelSection section) {
        return section.flag("megatron_legacy", false) ? QkvRows.BY_PART : QkvRows.BY_HEAD;
    }

    GptConfig config() {
        return config;
    }

    List<StoredTensor> tensors() {
        ParameterLayout layout = new ParameterLayout(config);
        for (RankParameters rank : ranks) {
            rank.parameters().forEach((name, keyed) -> requireExpected(layout.has(name), keyed.key()));
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

    private int tokenRows() {
        long rows = 0;
        for (RankParameters rank : ranks) {
            RankParameters.Keyed table = rank.parameters().get(ParameterLayout.WORD_EMBEDDINGS);
            if (table == null || table.tensor().shape().length != 2) {
                throw new CheckpointException(label + ": the weights hold no table of word embeddings"
                        + "\n  Is it a Megatron GPT, and are its parts complete?");
            }
            rows += table.tensor().shape()[0];
        }
        if (rows > Integer.MAX_VALUE) {
            throw new CheckpointException(label + ": the table of word embeddings has " + rows + " rows");
        }
        return (int) rows;
    }

    private StoredTensor tensor(String name, long[] shape) {
        List<RankParameters.Keyed> parts = new ArrayList<>();
        for (RankParameters rank :
                MegatronNames.split(name) == MegatronNames.Split.REPLICATED ? ranks.subList(0, 1) : ranks) {
            RankParameters.Keyed keyed = rank.parameters().get(name);
            if (keyed == null) {
                throw new CheckpointException(label + ": the weights lack '" + MegatronNames.key(name, false)
                        + "' (megatron-core: '" + MegatronNames.key(name, true) + "')");
            }
            parts.add(keyed);
        }
        StoredTensor table = joined(name, parts, shape);
        List<RankParameters.Keyed> copies =
                ranks.stream().flatMap(rank -> rank.tiedCopy().stream()).toList();
        if (!name.equals(ParameterLayout.WORD_EMBEDDINGS) || copies.size() != ranks.size()) {
            return table;
        }
        return new TiedTable(
                table,
                joined(name, copies, shape),
                label + ": '" + copies.getFirst().key() + "'");
    }

    /// One tensor of its rank's parts, with its rows in our order.
    private StoredTensor joined(String name, List<RankParameters.Keyed> keyed, long[] shape) {
        String key = keyed.getFirst().key();
        List<TorchTensor> tensors =
                keyed.stream().map(RankParameters.Keyed::tensor).toList();
        requireShape(key, tensors, MegatronNames.split(name), shape);
        Dtype dtype = dtype(key, tensors);
        List<StoredTensor> parts = tensors.stream()
                .<StoredTensor>map(tensor -> new StoredPart(name, dtype, tensor))
                .toList();
        if (name.contains(ParameterLayout.QKV)) {
            // Each rank orders the rows of its own heads.
            QkvRows whole = parts.size() == 1 ? order : QkvRows.BY_HEAD;
            List<StoredTensor> heads = parts.stream()
                    .map(part -> ReorderedQkv.of(part, config.heads() / ranks.size(), order, whole))
                    .toList();
            return ReorderedQkv.of(joined(heads, false), config.heads(), whole, QkvRows.BY_PART);
        }
        return joined(parts, MegatronNames.split(name) == MegatronNames.Split.COLUMNS);
    }

    private static StoredTensor joined(List<StoredTensor> parts, boolean byColumns) {
        if (parts.size() == 1) {
            return parts.getFirst();
        }
        return byColumns ? new JoinedColumns(parts) : new JoinedRows(parts);
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
        for (TorchTensor part : parts) {
            if (part.byteSize() > part.storage().byteSize()) {
                throw new CheckpointException(label + ": '" + key + "' has the shape "
                        + Arrays.toString(part.shape()) + " but only "
                        + part.storage().byteSize()
                        + " bytes are stored\n  Its numbers are repeated by strides, which no weight's are.");
            }
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
