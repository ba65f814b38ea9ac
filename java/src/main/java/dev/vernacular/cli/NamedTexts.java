package dev.vernacular.cli;

import dev.vernacular.files.InputFiles;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Texts with a name each: `--text en=news.txt th='thai/*.jsonl'`.
final class NamedTexts {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--text",
            required = true,
            arity = "1..*",
            paramLabel = "NAME=FILE",
            description = "A text and its name, a language code; several files of one name are one text.")
    private List<String> pairs;

    /// Files by name, in the order given.
    Map<String, List<Path>> files() {
        return files(pairs, spec);
    }

    /// As [#files()], of a command for which they are optional.
    static Map<String, List<Path>> files(List<String> pairs, CommandSpec spec) {
        Map<String, List<Path>> files = new LinkedHashMap<>();
        for (String pair : pairs) {
            int sign = pair.indexOf('=');
            if (sign <= 0) {
                throw new ParameterException(spec.commandLine(), "--text " + pair + " has no name; write NAME=FILE");
            }
            files.computeIfAbsent(pair.substring(0, sign), name -> new ArrayList<>())
                    .addAll(InputFiles.find(List.of(pair.substring(sign + 1))));
        }
        return files;
    }
}
