package dev.vernacular.tokenizer;

import dev.vernacular.VernacularException;

/// Tokenizer files that cannot be read or do not fit together, ids that no token has, text that cannot be
/// trained on.
public final class TokenizerException extends VernacularException {
    private static final long serialVersionUID = 1;

    public TokenizerException(String message) {
        super(message);
    }

    public TokenizerException(String message, Throwable cause) {
        super(message, cause);
    }
}
