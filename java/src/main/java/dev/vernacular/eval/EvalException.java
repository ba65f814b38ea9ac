package dev.vernacular.eval;

import dev.vernacular.VernacularException;

/// A text or a pair of models that cannot be evaluated.
public final class EvalException extends VernacularException {
    private static final long serialVersionUID = 1;

    public EvalException(String message) {
        super(message);
    }
}
