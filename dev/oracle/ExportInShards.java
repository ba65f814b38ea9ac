import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.checkpoint.hf.HuggingFaceWriter;
import java.nio.file.Path;

/// Writes a model as a Hugging Face folder in files of at most so many bytes, which `convert` only does beyond 5 GB:
/// `java -cp vernacular-all.jar ExportInShards.java MODEL FOLDER BYTES`.
final class ExportInShards {
    public static void main(String[] args) {
        try (ModelFile model = ModelFile.open(Path.of(args[0]))) {
            HuggingFaceWriter.write(
                    Path.of(args[1]), model.config(), model.tokenizer(), model.tensors(), false, Long.parseLong(args[2]));
        }
    }
}
