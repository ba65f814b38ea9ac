package dev.vernacular.checkpoint.hf;

import dev.vernacular.VernacularException;

/// A Hugging Face model that is damaged, or that is no GPT-2.
public final class HuggingFaceException extends VernacularException {
    private static final long serialVersionUID = 1;

    public HuggingFaceException(String message) {
        super(message);
    }
}
