package dev.vernacular.checkpoint;

import dev.vernacular.files.FilesException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/// Tells the formats of models apart by what is in them, never by their names.
final class ModelFormats {
    private static final int TAR_MAGIC_AT = 257;
    private static final byte[] TAR_MAGIC = "ustar".getBytes(StandardCharsets.US_ASCII);

    private ModelFormats() {}

    static ModelFormat recognise(Path path) {
        if (Files.isDirectory(path)) {
            return recogniseFolder(path);
        }
        byte[] start;
        try (InputStream in = Files.newInputStream(path)) {
            start = in.readNBytes(TAR_MAGIC_AT + TAR_MAGIC.length);
        } catch (IOException e) {
            throw FilesException.reading(path, e);
        }
        if (startsWith(start, 0, 0x1f, 0x8b) || isTar(start)) {
            return ModelFormat.NEMO;
        }
        if (startsWith(start, 0, 'P', 'K') || startsWith(start, 0, 0x80, 2)) {
            return ModelFormat.LIGHTNING;
        }
        if (start.length > 8 && start[8] == '{' && start[7] == 0 && start[6] == 0) {
            return ModelFormat.HUGGING_FACE;
        }
        if (startsWith(start, 0, 'G', 'G', 'U', 'F')) {
            return ModelFormat.GGUF;
        }
        throw notAModel(path, start);
    }

    private static ModelFormat recogniseFolder(Path folder) {
        if (Files.exists(folder.resolve("model_config.yaml"))) {
            return ModelFormat.NEMO;
        }
        if (Files.exists(folder.resolve("config.json"))) {
            return ModelFormat.HUGGING_FACE;
        }
        if (Files.exists(folder.resolve("metadata.json"))) {
            throw new CheckpointException(folder + " is a distributed checkpoint, which is not supported\n"
                    + "  Convert it with NeMo to a single .nemo file first.");
        }
        throw new CheckpointException(folder + " is no model: it has neither model_config.yaml (an unpacked .nemo)"
                + " nor config.json (a Hugging Face model)");
    }

    private static CheckpointException notAModel(Path path, byte[] start) {
        String what = start.length == 0 ? " is empty" : " is no model that this program knows";
        return new CheckpointException(path + what + "\n  Models are .nemo files or their unpacked folders, Lightning"
                + " .ckpt files with hparams.yaml, Hugging Face GPT-2 folders, and GGUF files of gpt2.");
    }

    private static boolean isTar(byte[] start) {
        return start.length >= TAR_MAGIC_AT + TAR_MAGIC.length
                && Arrays.equals(start, TAR_MAGIC_AT, TAR_MAGIC_AT + TAR_MAGIC.length, TAR_MAGIC, 0, TAR_MAGIC.length);
    }

    private static boolean startsWith(byte[] bytes, int at, int... magic) {
        for (int i = 0; i < magic.length; i++) {
            if (at + i >= bytes.length || (bytes[at + i] & 0xff) != magic[i]) {
                return false;
            }
        }
        return true;
    }
}
