package dev.vernacular.cli;

import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// A text to be continued. An option takes as many as follow it; without these checks a misspelled option or an
/// override after them would be one more of them.
final class PromptText implements ITypeConverter<String> {
    private static final Predicate<String> OVERRIDE = Pattern.compile(
                    "\\+{0,2}[A-Za-z_]\\w*(\\.\\w+)+=.*", Pattern.DOTALL)
            .asMatchPredicate();

    @Override
    public String convert(String text) {
        if (text.matches("--[a-z][a-z-]*")) {
            throw new TypeConversionException("'" + text + "' is no option of this command");
        }
        return text;
    }

    /// Takes words such as `inference.greedy=True` or `++model.x.y=3` out of the prompts.
    ///
    /// @return them, in their order
    static List<String> takeOverrides(List<String> prompts) {
        List<String> overrides = prompts.stream().filter(OVERRIDE).toList();
        prompts.removeAll(overrides);
        return overrides;
    }
}
