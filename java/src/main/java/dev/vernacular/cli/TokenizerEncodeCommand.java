package dev.vernacular.cli;

import dev.vernacular.tokenizer.TokenOffsets;
import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.tokenizer.text.TextFiles;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `tokenizer encode`: lines of text to lines of ids.
@Command(
        name = "encode",
        mixinStandardHelpOptions = true,
        description = "Writes a line of token ids for each line of text.",
        footer = "%nExample: echo 'สวัสดี' | vernacular tokenizer encode --tokenizer tok/en-th")
final class TokenizerEncodeCommand implements Callable<Integer> {
    /// A line's ids, the tokens as the vocabulary spells them, and the characters (code points) each covers,
    /// end exclusive.
    private record Line(int[] ids, List<String> tokens, int[][] offsets) {}

    @Mixin
    private CommonOptions common;

    @Option(names = "--tokenizer", required = true, paramLabel = "DIR", description = "A folder, or a model with one.")
    private Path folder;

    @Option(names = "--input", paramLabel = "FILE", defaultValue = "-", description = "Text; default: standard input.")
    private String input;

    @Option(names = "--ordinary", description = "Encode special tokens in the text as plain characters.")
    private boolean ordinary;

    @Override
    public Integer call() {
        Tokenizer tokenizer = TokenizerArgument.load(folder);
        List<Line> lines = new ArrayList<>();
        TextFiles.forEachLine(input, text -> {
            int[] ids = ordinary ? tokenizer.encodeOrdinary(text) : tokenizer.encode(text);
            if (common.json) {
                lines.add(line(tokenizer, text, ids));
            } else {
                Console.result(Arrays.stream(ids).mapToObj(Integer::toString).collect(Collectors.joining(" ")));
            }
        });
        if (common.json) {
            Console.json(Map.of("lines", lines));
        }
        return 0;
    }

    private static Line line(Tokenizer tokenizer, String text, int[] ids) {
        List<String> tokens = Arrays.stream(ids)
                .mapToObj(id -> tokenizer.vocabulary().tokens().get(id))
                .toList();
        return new Line(ids, tokens, TokenOffsets.of(tokenizer, text, ids));
    }
}
