package dev.vernacular.checkpoint.gguf;

import dev.vernacular.checkpoint.ModelWeights;
import dev.vernacular.checkpoint.StoredTensor;
import dev.vernacular.checkpoint.megatron.MegatronNames;
import dev.vernacular.model.GptConfig;
import dev.vernacular.model.ParameterLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Comparator;
import java.util.List;
import java.util.Random;

/// A model of numbers between -1 and 1.
final class RandomModel {
    private RandomModel() {}

    static List<StoredTensor> tensors(GptConfig config) {
        ParameterLayout layout = new ParameterLayout(config);
        MemorySegment weights = Arena.ofAuto().allocate(layout.elements() * Float.BYTES, 64);
        Random random = new Random(3);
        for (long i = 0; i < layout.elements(); i++) {
            weights.setAtIndex(ValueLayout.JAVA_FLOAT, i, random.nextFloat(-1, 1));
        }
        List<String> order = MegatronNames.inModuleOrder(config);
        return ModelWeights.tensors(layout, weights).stream()
                .sorted(Comparator.comparingInt(tensor -> order.indexOf(tensor.name())))
                .toList();
    }
}
