package dev.vernacular.train.store;

import dev.vernacular.checkpoint.megatron.MegatronNames;
import dev.vernacular.model.GptConfig;
import dev.vernacular.model.ParameterLayout;
import dev.vernacular.model.ParameterLayout.Parameter;
import java.util.List;
import java.util.stream.Stream;

/// How NeMo's optimizer numbers parameters: first those with weight decay, then the others, each in the order
/// of the modules. The numbers are the keys of a checkpoint's optimizer state.
///
/// @param decayed   parameters with weight decay; `undecayed` the others, empty when all have it
record OptimizerOrder(List<Parameter> decayed, List<Parameter> undecayed) {
    static OptimizerOrder of(GptConfig config, boolean decaysVectors) {
        ParameterLayout layout = new ParameterLayout(config);
        List<Parameter> all =
                MegatronNames.inModuleOrder(config).stream().map(layout::get).toList();
        return new OptimizerOrder(
                all.stream()
                        .filter(parameter -> decaysVectors || parameter.decays())
                        .toList(),
                all.stream()
                        .filter(parameter -> !decaysVectors && !parameter.decays())
                        .toList());
    }

    /// In the order of their numbers.
    List<Parameter> all() {
        return Stream.concat(decayed.stream(), undecayed.stream()).toList();
    }
}
