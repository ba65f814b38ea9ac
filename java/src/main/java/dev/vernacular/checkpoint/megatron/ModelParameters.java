package dev.vernacular.checkpoint.megatron;

import dev.vernacular.checkpoint.CheckpointException;
import dev.vernacular.checkpoint.ColumnRange;
import dev.vernacular.checkpoint.RowRange;
import dev.vernacular.checkpoint.StoredTensor;
import dev.vernacular.checkpoint.torch.TorchDtype;
import dev.vernacular.checkpoint.torch.TorchStorage;
import dev.vernacular.checkpoint.torch.TorchTensor;
import dev.vernacular.config.ModelSection;
import dev.vernacular.model.GptConfig;
import dev.vernacular.model.ParameterLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// All parameters of a model, to be written as Megatron's state dicts.
///
/// @param byName every parameter once, under our name and with its shape in the model
public record ModelParameters(GptConfig config, Map<String, StoredTensor> byName) {
    /// @param target  what is to be written, for errors
    /// @param tensors in any order
    /// @throws CheckpointException if a parameter is missing, twice there, of a wrong shape or none of the model
    public static ModelParameters of(Path target, ModelSection section, List<StoredTensor> tensors) {
        Map<String, StoredTensor> byName = new HashMap<>();
        for (StoredTensor tensor : tensors) {
            if (byName.put(tensor.name(), tensor) != null) {
                throw new CheckpointException("cannot write " + target + ": " + tensor.name() + " is given twice");
            }
        }
        StoredTensor table = byName.get(ParameterLayout.WORD_EMBEDDINGS);
        if (table == null) {
            throw new CheckpointException(
                    "cannot write " + target + ": no " + ParameterLayout.WORD_EMBEDDINGS + " is given");
        }
        GptConfig config = section.gptConfig(Math.toIntExact(table.shape()[0]));
        requireAll(target, new ParameterLayout(config), byName);
        return new ModelParameters(config, byName);
    }

    private static void requireAll(Path target, ParameterLayout layout, Map<String, StoredTensor> byName) {
        for (ParameterLayout.Parameter parameter : layout.parameters()) {
            StoredTensor tensor = byName.get(parameter.name());
            if (tensor == null || !Arrays.equals(tensor.shape(), parameter.shape())) {
                throw new CheckpointException(
                        "cannot write " + target + ": " + parameter.name() + " should have the shape "
                                + Arrays.toString(parameter.shape()) + ", it is "
                                + (tensor == null ? "missing" : Arrays.toString(tensor.shape())));
            }
        }
        byName.keySet().stream().filter(name -> !layout.has(name)).findFirst().ifPresent(name -> {
            throw new CheckpointException("cannot write " + target + ": the model has no parameter " + name);
        });
    }

    /// What one rank holds: its parts of the tensors, which are read when they are written.
    public Map<String, Object> stateDict(MegatronLayout layout, int rank, int stage) {
        int layersInStage = config.layers() / layout.pipelineParallel();
        Map<String, Object> stateDict = new LinkedHashMap<>();
        for (String name : MegatronNames.inModuleOrder(config)) {
            if (MegatronNames.stage(name, layersInStage, layout.pipelineParallel()) == stage) {
                String inStage = MegatronNames.inModel(name, -stage * layersInStage);
                stateDict.put(MegatronNames.key(inStage, layout.isCore()), part(name, rank, layout.tensorParallel()));
            }
        }
        boolean isLastOfSeveral = stage > 0 && stage == layout.pipelineParallel() - 1;
        if (isLastOfSeveral && config.isTied()) {
            String key = layout.isCore() ? MegatronNames.key(ParameterLayout.HEAD, true) : MegatronNames.TIED_COPY;
            stateDict.put(key, part(ParameterLayout.WORD_EMBEDDINGS, rank, layout.tensorParallel()));
        }
        return stateDict;
    }

    private TorchTensor part(String name, int rank, int ranks) {
        StoredTensor whole = byName.get(name);
        if (name.contains(ParameterLayout.QKV)) {
            whole = ReorderedQkv.of(whole, config.heads(), QkvRows.BY_PART, QkvRows.BY_HEAD);
        }
        StoredTensor part = ranks == 1 ? whole : part(whole, rank, ranks);
        return TorchTensor.of(TorchDtype.of(part.dtype()), part.shape(), new TorchStorage.OfTensor(part));
    }

    private static StoredTensor part(StoredTensor whole, int rank, int ranks) {
        return switch (MegatronNames.split(whole.name())) {
            case REPLICATED -> whole;
            case ROWS -> {
                long rows = whole.shape()[0] / ranks;
                yield new RowRange(whole, rank * rows, rows);
            }
            case COLUMNS -> {
                long columns = whole.shape()[1] / ranks;
                yield new ColumnRange(whole, rank * columns, columns);
            }
        };
    }
}
