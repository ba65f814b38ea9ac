package dev.vernacular.checkpoint.gguf;

import dev.vernacular.VernacularException;

/// A model that GGUF's gpt2 architecture cannot express.
public final class GgufException extends VernacularException {
    private static final long serialVersionUID = 1;

    public GgufException(String message) {
        super(message);
    }
}
