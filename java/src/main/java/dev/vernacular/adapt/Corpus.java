package dev.vernacular.adapt;

import dev.vernacular.data.IndexedDataset;
import dev.vernacular.data.text.CorpusSplit;
import dev.vernacular.data.text.Preprocess;
import dev.vernacular.data.text.PreprocessOptions;
import dev.vernacular.files.Document;
import dev.vernacular.files.DocumentReader;
import dev.vernacular.files.InputFiles;
import dev.vernacular.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// The texts of one language in an output folder: a part to train on, a part held out, and both as datasets.
///
/// @param language code
/// @param train    JSON Lines
/// @param heldOut  JSON Lines or plain text
/// @param datasets folder of the datasets
record Corpus(String language, List<Path> train, Path heldOut, Path datasets) {
    private static final double HELD_OUT_SHARE = 0.02;
    private static final String KEY = "text";

    /// Bytes of held-out text that are measured: enough for three digits, little enough for a laptop.
    private static final int MEASURED_BYTES = 200_000;

    /// Divides the documents of `files` into `folder/train.jsonl` and `folder/val.jsonl`; copies of a document
    /// are left out, so that none is on both sides.
    static void split(List<String> files, Path folder, long seed) {
        CorpusSplit.run(new CorpusSplit.Options(
                InputFiles.find(files),
                folder,
                KEY,
                List.of(1 - HELD_OUT_SHARE, HELD_OUT_SHARE, 0.0),
                seed,
                true,
                true));
    }

    /// Where training looks for the dataset; NeMo's `data_prefix`.
    Path trainDataset() {
        return datasets.resolve(language + "_train_text_document");
    }

    Path heldOutDataset() {
        return datasets.resolve(language + "_val_text_document");
    }

    /// The files of both datasets.
    List<Path> datasetFiles() {
        List<Path> files = new ArrayList<>();
        for (Path dataset : List.of(trainDataset(), heldOutDataset())) {
            files.add(dataset.resolveSibling(dataset.getFileName() + ".bin"));
            files.add(dataset.resolveSibling(dataset.getFileName() + ".idx"));
        }
        return files;
    }

    void preprocess(Tokenizer tokenizer) {
        preprocess(tokenizer, train, "train");
        preprocess(tokenizer, List.of(heldOut), "val");
    }

    private void preprocess(Tokenizer tokenizer, List<Path> files, String part) {
        PreprocessOptions options = new PreprocessOptions(
                files,
                List.of(KEY),
                false,
                Optional.of(tokenizer.endOfText()),
                datasets.resolve(language + "_" + part),
                Runtime.getRuntime().availableProcessors(),
                0,
                false,
                true);
        Preprocess.run(options, tokenizer::encodeOrdinary, tokenizer.size(), counts -> {});
    }

    long trainTokens() {
        try (IndexedDataset dataset = IndexedDataset.open(trainDataset())) {
            return dataset.tokens();
        }
    }

    /// The held-out documents that are measured.
    List<String> heldOutTexts() {
        return texts(List.of(heldOut), MEASURED_BYTES);
    }

    static void forEachText(List<Path> files, Consumer<String> action) {
        DocumentReader.forEachText(files, KEY, action);
    }

    /// The first documents of files, up to a number of characters.
    static List<String> texts(List<Path> files, int characters) {
        List<String> texts = new ArrayList<>();
        long read = 0;
        try (DocumentReader reader = DocumentReader.open(files, KEY)) {
            for (Optional<Document> next = reader.next(); next.isPresent() && read < characters; next = reader.next()) {
                texts.add(next.get().text());
                read += next.get().text().length();
            }
        }
        return texts;
    }
}
