package dev.vernacular.eval;

import dev.vernacular.VernacularException;
import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.checkpoint.ModelWeights;
import java.util.List;

/// A text or a pair of models that cannot be evaluated.
public final class EvalException extends VernacularException {
    private static final long serialVersionUID = 1;

    private final int exitStatus;

    public EvalException(String message) {
        this(message, 2);
    }

    private EvalException(String message, int exitStatus) {
        super(message);
        this.exitStatus = exitStatus;
    }

    /// A model under which texts have no likelihood that is a number; reads its weights to say why.
    ///
    /// @param texts their names
    public static EvalException notFinite(ModelFile model, List<String> texts) {
        String why = ModelWeights.firstNonFinite(model.tensors())
                .map(found -> "its weight " + found)
                .orElse("its weights are finite, but so large that a sum of them is not");
        return new EvalException(
                model.path() + ": the likelihood of " + String.join(", ", texts) + " is not a finite number; " + why
                        + "\n  The training or the conversion that made this model has failed; take an earlier one.",
                1);
    }

    @Override
    public int exitStatus() {
        return exitStatus;
    }
}
