package dev.vernacular.train.store;

import dev.vernacular.checkpoint.ModelWeights;
import dev.vernacular.checkpoint.NemoWriter;
import dev.vernacular.checkpoint.megatron.LightningWriter;
import dev.vernacular.config.ModelSection;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.model.ParameterLayout;
import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.tokenizer.TokenizerFiles;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/// The model of a run outside its checkpoints: the configuration and the tokenizer that their readers need, and
/// the whole as `.nemo`.
public final class ModelFiles {
    private final RunFolder folder;
    private final ModelSection model;
    private final Optional<TokenizerFiles> tokenizer;

    /// @param tokenizer empty for a model that carries none
    public ModelFiles(RunFolder folder, ModelSection model, Optional<TokenizerFiles> tokenizer) {
        this.folder = folder;
        this.model = model;
        this.tokenizer = tokenizer;
    }

    /// The model section with the tokenizer's files in the run folder by their absolute paths.
    public Map<String, Object> section() {
        return tokenizer.isEmpty()
                ? model.asMap()
                : LightningWriter.withTokenizer(model, folder.tokenizer()).asMap();
    }

    /// Writes `config.yaml`, `hparams.yaml` and the tokenizer's files.
    ///
    /// @param resolved the run's whole configuration
    public void writeConfiguration(Map<String, Object> resolved) {
        tokenizer.map(Tokenizer::of).ifPresent(found -> found.save(folder.tokenizer(), true));
        folder.writeConfiguration(resolved, section());
    }

    /// Writes the weights.
    public void writeNemo(Path file, TrainedParameters parameters) {
        Tensor masters = parameters.masters();
        if (parameters.device().isHostMemory()) {
            write(file, parameters.memory().layout(), masters.segment());
            return;
        }
        try (Arena arena = Arena.ofShared()) {
            MemorySegment weights = arena.allocate(masters.bytes(), 64);
            parameters.device().download(weights, masters);
            write(file, parameters.memory().layout(), weights);
        }
    }

    private void write(Path file, ParameterLayout layout, MemorySegment weights) {
        NemoWriter.write(file, model, tokenizer, ModelWeights.tensors(layout, weights), true);
    }
}
