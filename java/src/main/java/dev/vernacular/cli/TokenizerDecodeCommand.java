package dev.vernacular.cli;

import dev.vernacular.files.LineReader;
import dev.vernacular.generate.IdLines;
import dev.vernacular.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `tokenizer decode`: lines of ids to lines of text.
@Command(
        name = "decode",
        mixinStandardHelpOptions = true,
        description = "Writes a line of text for each line of token ids.",
        footer = "%nExample: echo '1012 37' | vernacular tokenizer decode --tokenizer tok/en-th")
final class TokenizerDecodeCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Option(
            names = "--tokenizer",
            required = true,
            paramLabel = "DIR",
            description = "The tokenizer's folder, or a model that carries its own.")
    private Path source;

    @Option(names = "--input", paramLabel = "FILE", defaultValue = "-", description = "Ids; default: standard input.")
    private String input;

    @Override
    public Integer call() {
        Tokenizer tokenizer = TokenizerArgument.load(source);
        List<String> lines = new ArrayList<>();
        try (LineReader ids = LineReader.exact(input)) {
            ids.forEach(line -> {
                String text = tokenizer.decode(IdLines.parse(line));
                if (common.json) {
                    lines.add(text);
                } else {
                    Console.result(text);
                }
            });
        }
        if (common.json) {
            Console.json(Map.of("lines", lines));
        }
        return 0;
    }
}
