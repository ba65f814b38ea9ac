package dev.vernacular.cli;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// A text to be continued. An option takes as many as follow it; without this check a misspelled option after
/// them would be one more of them.
final class PromptText implements ITypeConverter<String> {
    @Override
    public String convert(String text) {
        if (text.matches("--[a-z][a-z-]*")) {
            throw new TypeConversionException("'" + text + "' is no option of this command");
        }
        return text;
    }
}
