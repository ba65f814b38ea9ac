package dev.vernacular.cli;

import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.tokenizer.TokenizerException;
import dev.vernacular.tokenizer.text.TextFiles;
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

    @Option(names = "--tokenizer", required = true, paramLabel = "DIR", description = "A folder, or a model with one.")
    private Path folder;

    @Option(names = "--input", paramLabel = "FILE", defaultValue = "-", description = "Ids; default: standard input.")
    private String input;

    @Override
    public Integer call() {
        Tokenizer tokenizer = TokenizerArgument.load(folder);
        List<String> lines = new ArrayList<>();
        TextFiles.forEachLine(input, line -> {
            String text = tokenizer.decode(ids(line));
            if (common.json) {
                lines.add(text);
            } else {
                Console.result(text);
            }
        });
        if (common.json) {
            Console.json(Map.of("lines", lines));
        }
        return 0;
    }

    private static int[] ids(String line) {
        String[] words = line.isBlank() ? new String[0] : line.strip().split("[\\s,]+");
        int[] ids = new int[words.length];
        for (int i = 0; i < ids.length; i++) {
            try {
                ids[i] = Integer.parseInt(words[i]);
            } catch (NumberFormatException e) {
                throw new TokenizerException(
                        "'" + words[i] + "' is no token id: a line holds decimal numbers with spaces between", e);
            }
        }
        return ids;
    }
}
