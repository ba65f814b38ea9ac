package dev.vernacular.cli;

import dev.vernacular.data.DataException;
import dev.vernacular.data.TokenType;
import dev.vernacular.data.text.Preprocess;
import dev.vernacular.data.text.PreprocessCounts;
import dev.vernacular.data.text.PreprocessOptions;
import dev.vernacular.data.text.TextEncoder;
import dev.vernacular.data.text.TokenizerChoice;
import dev.vernacular.files.InputFiles;
import dev.vernacular.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `preprocess`: text to Megatron's `.bin` and `.idx`, with the option names of NeMo's script.
@Command(
        name = "preprocess",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Turns JSON Lines or plain text (.gz and .zst too) into a Megatron dataset, P_<key>_document.bin and .idx.",
            "Example: vernacular preprocess --input a.jsonl --tokenizer tok/th-en --append-eod --output-prefix data/a"
        })
final class PreprocessCommand implements Runnable {
    @Mixin
    private CommonOptions common;

    @Option(
            names = "--input",
            required = true,
            arity = "1..*",
            paramLabel = "FILE",
            description = "Files or patterns, read in this order.")
    private List<String> input;

    @Option(names = "--preproc-folder", description = "The input is a folder: take the files in it.")
    private boolean isFolder;

    @Option(
            names = "--files-filter",
            defaultValue = "**/*.json*",
            paramLabel = "GLOB",
            description = "Which files of the folder; default: ${DEFAULT-VALUE}.")
    private String filesFilter;

    @Option(
            names = {"--json-keys", "--json-key"},
            arity = "1..*",
            defaultValue = "text",
            paramLabel = "KEY",
            description = "Fields that hold text; each gives a dataset. Default: text.")
    private List<String> jsonKeys;

    @Option(
            names = {"--text-file", "--text_file"},
            description = "The input is plain text, a document a line.")
    private boolean isPlainText;

    @Option(
            names = "--tokenizer",
            paramLabel = "DIR",
            description = "Folder of the tokenizer, or a model with one; or the next options.")
    private Optional<Path> tokenizer = Optional.empty();

    @Option(
            names = "--tokenizer-library",
            defaultValue = "megatron",
            paramLabel = "NAME",
            description = "megatron or huggingface (whose --tokenizer-type is a folder).")
    private String tokenizerLibrary;

    @Option(
            names = "--tokenizer-type",
            defaultValue = "GPT2BPETokenizer",
            paramLabel = "NAME",
            description = "GPT2BPETokenizer.")
    private String tokenizerType;

    @Option(
            names = {"--vocab", "--vocab-file"},
            paramLabel = "FILE",
            description = "vocab.json.")
    private Optional<Path> vocab = Optional.empty();

    @Option(
            names = {"--merge-file", "--merges-file"},
            paramLabel = "FILE",
            description = "merges.txt.")
    private Optional<Path> merges = Optional.empty();

    @Option(names = "--dataset-impl", defaultValue = "mmap", paramLabel = "NAME", description = "mmap.")
    private String datasetImpl;

    @Option(names = "--append-eod", description = "End each document with <|endoftext|>.")
    private boolean appendsEndOfDocument;

    @Option(
            names = "--specials-as-text",
            description = "Read <|endoftext|> in a document as plain characters: for text of unknown origin.")
    private boolean specialsAsText;

    @Option(names = "--output-prefix", required = true, paramLabel = "P", description = "Path the outputs start with.")
    private Path outputPrefix;

    @Option(names = "--workers", paramLabel = "N", description = "Threads that encode; default: all.")
    private Optional<Integer> workers = Optional.empty();

    @Option(
            names = "--log-interval",
            paramLabel = "N",
            description = "Report every N documents; default: every few seconds.")
    private Optional<Long> logInterval = Optional.empty();

    @Option(
            names = "--max-bad-lines",
            defaultValue = "0",
            paramLabel = "N",
            description = "Lines that are no documents and may be skipped; default: ${DEFAULT-VALUE}.")
    private long maxBadLines;

    @Option(names = "--dedup", paramLabel = "HOW", description = "exact: skip a document equal to an earlier one.")
    private Optional<String> dedup = Optional.empty();

    @Option(
            names = {"--split-sentences", "--apply-ftfy"},
            hidden = true)
    private boolean changesText;

    @Option(names = "--force", description = "Replace an older dataset.")
    private boolean force;

    private final ProgressLine progress = new ProgressLine();
    private long nextReport;

    @Override
    public void run() {
        requireKnown("--dataset-impl", datasetImpl, "mmap");
        if (changesText) {
            throw new DataException("--split-sentences and --apply-ftfy are not supported: text is taken as it is, and"
                    + " a document is one sequence\n  Prepare the text beforehand.");
        }
        dedup.ifPresent(how -> requireKnown("--dedup", how, "exact"));
        Tokenizer tokens = chooseTokenizer();
        PreprocessOptions options = options(tokens);
        TextEncoder encoder = specialsAsText ? tokens::encodeOrdinary : tokens::encode;
        nextReport = logInterval.orElse(0L);
        PreprocessCounts counts = Preprocess.run(options, encoder, tokens.size(), this::report);
        progress.end();
        print(options, counts, tokens);
    }

    private PreprocessOptions options(Tokenizer tokens) {
        if (appendsEndOfDocument && tokens.endOfText() < 0) {
            throw new DataException("--append-eod: the tokenizer has no <|endoftext|>");
        }
        List<Path> files = isFolder
                ? input.stream()
                        .flatMap(folder -> InputFiles.inFolder(Path.of(folder), filesFilter).stream())
                        .toList()
                : InputFiles.find(input);
        return new PreprocessOptions(
                files,
                jsonKeys,
                isPlainText,
                appendsEndOfDocument ? Optional.of(tokens.endOfText()) : Optional.empty(),
                outputPrefix,
                workers.orElse(Runtime.getRuntime().availableProcessors()),
                maxBadLines,
                dedup.isPresent(),
                force);
    }

    private Tokenizer chooseTokenizer() {
        boolean isFolderInType = tokenizer.isEmpty() && vocab.isEmpty() && tokenizerLibrary.equals("huggingface");
        if (!isFolderInType) {
            requireKnown("--tokenizer-type", tokenizerType, "GPT2BPETokenizer");
        }
        if (tokenizer.isPresent()) {
            return TokenizerArgument.load(tokenizer.get());
        }
        if (vocab.isPresent() && merges.isPresent()) {
            TokenizerChoice choice = TokenizerChoice.of(vocab.get(), merges.get());
            Console.note(choice.note());
            return choice.tokenizer();
        }
        if (tokenizerLibrary.equals("huggingface") && !tokenizerType.equals("GPT2BPETokenizer")) {
            return Tokenizer.load(Path.of(tokenizerType));
        }
        throw new DataException(
                "preprocess needs a tokenizer: --tokenizer DIR, or --vocab vocab.json --merge-file merges.txt");
    }

    private static void requireKnown(String option, String value, String known) {
        if (!value.equalsIgnoreCase(known)) {
            throw new DataException(option + " " + value + " is not supported, only " + known + " is");
        }
    }

    private void report(PreprocessCounts counts) {
        if (logInterval.isEmpty()) {
            progress.update(() -> line(counts));
        } else if (counts.documents() >= nextReport) {
            progress.show(line(counts));
            nextReport = counts.documents() + logInterval.get();
        }
    }

    private static String line(PreprocessCounts counts) {
        return String.format(
                "%,d documents, %,d tokens, %.1f of %.1f MB, %.1f MB/s, %.0f s left",
                counts.documents(),
                counts.tokens(),
                counts.bytesRead() / 1e6,
                counts.bytesTotal() / 1e6,
                counts.megabytesPerSecond(),
                counts.secondsLeft());
    }

    private void print(PreprocessOptions options, PreprocessCounts counts, Tokenizer tokens) {
        counts.firstBad().forEach(message -> Console.note("skipped " + message));
        if (counts.malformed() > 0) {
            Console.note(counts.malformed() + " sequences of invalid UTF-8 became U+FFFD");
        }
        List<String> outputs =
                jsonKeys.stream().map(key -> options.output(key).toString()).toList();
        String dtype = TokenType.forVocabulary(tokens.size()).numpyName();
        if (common.json) {
            Console.json(json(outputs, dtype, counts, tokens));
            return;
        }
        Console.result(String.format(
                "%s: %,d documents, %,d tokens, %s, %.1f MB/s%s%s",
                String.join(", ", outputs),
                counts.documents() - counts.empty(),
                counts.tokens(),
                dtype,
                counts.megabytesPerSecond(),
                counts.copies() > 0 ? String.format(", %,d copies skipped", counts.copies()) : "",
                counts.badLines() > 0 ? String.format(", %,d bad lines skipped", counts.badLines()) : ""));
    }

    private static Map<String, Object> json(
            List<String> outputs, String dtype, PreprocessCounts counts, Tokenizer tokens) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("outputs", outputs);
        json.put("documents", counts.documents() - counts.empty());
        json.put("tokens", counts.tokens());
        json.put("dtype", dtype);
        json.put("vocabulary_size", tokens.size());
        json.put("pre_tokenizer", tokens.preTokenizer());
        json.put("empty_documents", counts.empty());
        json.put("copies", counts.copies());
        json.put("blank_lines", counts.blankLines());
        json.put("bad_lines", counts.badLines());
        json.put("malformed_utf8", counts.malformed());
        json.put("bytes", counts.bytesRead());
        json.put("seconds", counts.seconds());
        json.put("mb_per_s", counts.megabytesPerSecond());
        return json;
    }
}
