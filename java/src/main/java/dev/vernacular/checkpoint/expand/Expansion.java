package dev.vernacular.checkpoint.expand;

import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.checkpoint.NemoWriter;
import dev.vernacular.checkpoint.StoredTensor;
import dev.vernacular.config.ModelSection;
import dev.vernacular.model.GptConfig;
import dev.vernacular.model.ParameterLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// Gives a model the rows for a larger vocabulary: the token table and, if it is not tied to it, the head.
public final class Expansion {
    private Expansion() {}

    /// The model's tensors with both tables expanded; they read the model's when they are read.
    public static List<StoredTensor> tensors(ModelFile model, ExpansionPlan plan) {
        return model.tensors().stream()
                .map(tensor -> ParameterLayout.isTokenTable(tensor.name())
                        ? new ExpandedTable(
                                tensor,
                                plan,
                                use(tensor, model.config()),
                                model.config().initStd())
                        : tensor)
                .toList();
    }

    /// Writes the expanded model with its new tokenizer as `.nemo`. Tensors stream through memory one at a
    /// time.
    ///
    /// @throws dev.vernacular.files.FilesException if `target` exists and `force` is false, or cannot be
    ///   written
    public static void write(ModelFile model, ExpansionPlan plan, Path target, boolean force) {
        ModelSection section = model.section().with("make_vocab_size_divisible_by", (long) plan.divisor());
        NemoWriter.write(target, section, Optional.of(plan.merged().files()), tensors(model, plan), force);
    }

    private static TableUse use(StoredTensor table, GptConfig config) {
        if (config.isTied()) {
            return TableUse.BOTH;
        }
        return table.name().equals(ParameterLayout.HEAD) ? TableUse.HEAD : TableUse.INPUT;
    }
}
