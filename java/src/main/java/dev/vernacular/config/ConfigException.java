package dev.vernacular.config;

import dev.vernacular.VernacularException;

/// A configuration that cannot be read or used: the message names the file or the key, the value, and what is
/// accepted.
public final class ConfigException extends VernacularException {
    private static final long serialVersionUID = 1;

    public ConfigException(String message) {
        super(message);
    }

    public ConfigException(String message, Throwable cause) {
        super(message, cause);
    }
}
