package dev.vernacular.checkpoint.megatron;

import dev.vernacular.checkpoint.CheckpointException;
import dev.vernacular.checkpoint.torch.TorchTensor;
import dev.vernacular.config.ModelSection;
import dev.vernacular.model.ParameterLayout;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What one tensor-parallel rank holds of a model: the state dicts of its pipeline stages as one, under our
/// names. Each stage numbers its layers from 0; here they have the numbers they have in the model.
///
/// @param parameters by our name
/// @param tiedCopy   of the token table, which the last of several stages needs for the logits
record RankParameters(Map<String, Keyed> parameters, Optional<Keyed> tiedCopy) {
    /// A tensor with the key it had, for errors.
    record Keyed(String key, TorchTensor tensor) {}

    /// @param stages  state dicts of the rank, in order of the pipeline
    /// @param section the model's configuration
    /// @param label   names the file in errors
    static RankParameters of(List<Map<?, ?>> stages, ModelSection section, String label) {
        int layers = section.integer("num_layers");
        if (layers % stages.size() != 0) {
            throw new CheckpointException(label + ": num_layers is " + layers + ", which " + stages.size()
                    + " pipeline stages cannot share evenly");
        }
        boolean isTied = section.flag("share_embeddings_and_output_weights", true);
        Stages joined = new Stages(label, layers / stages.size(), isTied);
        for (int stage = 0; stage < stages.size(); stage++) {
            joined.add(stage, stages.get(stage));
        }
        return new RankParameters(joined.parameters, joined.tiedCopy);
    }

    private static final class Stages {
        private final String label;
        private final int layersInStage;
        private final boolean isTied;
        private final Map<String, Keyed> parameters = new HashMap<>();
        private Optional<Keyed> tiedCopy = Optional.empty();

        Stages(String label, int layersInStage, boolean isTied) {
            this.label = label;
            this.layersInStage = layersInStage;
            this.isTied = isTied;
        }

        void add(int stage, Map<?, ?> stateDict) {
            stateDict.forEach((key, value) -> {
                if (!(key instanceof String text)) {
                    throw new CheckpointException(label + ": a key of the state dict is " + key + ", which is no text");
                }
                if (isTiedCopy(stage, text)) {
                    tiedCopy = Optional.of(new Keyed(text, requireTensor(text, value)));
                } else if (!MegatronNames.isIgnored(text)) {
                    add(stage, text, requireTensor(text, value));
                }
            });
        }

        /// megatron-core's copy has the name of an untied model's head.
        private boolean isTiedCopy(int stage, String key) {
            return stage > 0
                    && isTied
                    && (MegatronNames.isTiedCopy(key)
                            || MegatronNames.canonical(key).equals(Optional.of(ParameterLayout.HEAD)));
        }

        private void add(int stage, String key, TorchTensor tensor) {
            String name = MegatronNames.canonical(key)
                    .orElseThrow(() -> new CheckpointException(label + ": '" + key
                            + "' is no parameter of a Megatron GPT\n  Other architectures are not supported."));
            String global = MegatronNames.inModel(name, stage * layersInStage);
            if (parameters.put(global, new Keyed(key, tensor)) != null) {
                throw new CheckpointException(label + ": '" + key + "' is there twice"
                        + (stage == 0 ? ", in two spellings" : ": in stage " + stage + " of the pipeline and before"));
            }
        }

        private TorchTensor requireTensor(String key, Object value) {
            if (value instanceof TorchTensor tensor) {
                return tensor;
            }
            throw new CheckpointException(label + ": '" + key + "' is no tensor but "
                    + (value == null ? "None" : "a " + value.getClass().getSimpleName()));
        }
    }
}
