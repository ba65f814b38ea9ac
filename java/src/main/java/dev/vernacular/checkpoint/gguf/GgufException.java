package dev.vernacular.checkpoint.gguf;

import dev.vernacular.VernacularException;

/// A GGUF file that is damaged or of another kind, or a model that GGUF's gpt2 architecture cannot express.
public final class GgufException extends VernacularException {
    private static final long serialVersionUID = 1;

    public GgufException(String message) {
        super(message);
    }

    public GgufException(String message, Throwable cause) {
        super(message, cause);
    }
}
