package dev.vernacular.checkpoint.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vernacular.checkpoint.Golden;
import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufWriterTest {
    /// Of the file that `gguf_check.py`, with the gguf package, found to hold what legacy.nemo holds.
    private static final String CHECKED = "1287b3b4354ff0114522aa2e36c5263fc289dc5208be57fb2ca976d8508af54f";

    @TempDir
    private Path folder;

    private Path exported(String name) {
        Path out = folder.resolve("out.gguf");
        try (ModelFile model = ModelFile.open(Golden.path(name))) {
            GgufWriter.write(
                    out, model.config(), Tokenizer.of(model.tokenizer().orElseThrow()), model.tensors(), false);
        }
        return out;
    }

    @Test
    void theFileIsTheOneAnotherReaderAccepted() throws IOException, NoSuchAlgorithmException {
        byte[] bytes = Files.readAllBytes(exported("legacy.nemo"));

        assertThat(HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes)))
                .isEqualTo(CHECKED);
    }

    @Test
    void whatLlamaCppWouldComputeOtherwiseIsRefusedAndNothingIsWritten() {
        assertThatThrownBy(() -> exported("bf16-erf.nemo"))
                .isInstanceOf(GgufException.class)
                .hasMessageContaining("erf");
        assertThat(folder).isEmptyDirectory();
    }
}
