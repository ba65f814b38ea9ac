package dev.vernacular.train.store;

import dev.vernacular.checkpoint.megatron.LightningWriter;
import dev.vernacular.config.RunConfig.Experiment;
import dev.vernacular.config.Yaml;
import dev.vernacular.files.AtomicFile;
import dev.vernacular.files.FilesException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Map;

/// Where a run lives, by the rules of NeMo's exp_manager: `explicit_log_dir`, or `<exp_dir>/<name>`; below it a
/// version folder only when the run does not resume. Nothing is created before [#claim].
///
/// ```
/// config.yaml       the whole configuration, resolved
/// hparams.yaml      the model section under `cfg:`, for readers of the checkpoints
/// metrics.jsonl     a line a step
/// tokenizer/        the tokenizer's files, to which hparams.yaml points
/// checkpoints/      see CheckpointStore
/// ```
///
/// @param path the folder
public record RunFolder(Path path) {
    private static final DateTimeFormatter DATE = DateTimeFormatter.ofPattern("yyyy-MM-dd_HH-mm-ss");

    public static RunFolder of(Experiment experiment) {
        Path base = experiment
                .explicitLogDir()
                .orElseGet(() -> experiment
                        .experimentDir()
                        .orElse(Path.of("nemo_experiments"))
                        .resolve(experiment.name()));
        boolean isVersioned = experiment.explicitLogDir().isEmpty()
                && (experiment.version().isPresent() || !experiment.resumesIfExists());
        return new RunFolder(isVersioned ? base.resolve(version(base, experiment)) : base);
    }

    public Path checkpoints() {
        return path.resolve("checkpoints");
    }

    public Path metrics() {
        return path.resolve("metrics.jsonl");
    }

    public Path tokenizer() {
        return path.resolve("tokenizer");
    }

    /// The right to write in a run folder, which one process has at a time.
    public record Claim(RunFolder folder, FileChannel lock) implements AutoCloseable {
        @Override
        public void close() {
            try {
                lock.close();
            } catch (IOException e) {
                throw FilesException.writing(folder.path(), e);
            }
        }
    }

    /// Creates the folder and keeps other processes out of it until the claim is closed.
    ///
    /// @throws StoreException if another run is at work there
    public Claim claim() {
        Path file = path.resolve(".lock");
        try {
            Files.createDirectories(checkpoints());
            FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            if (!isLocked(channel)) {
                channel.close();
                throw new StoreException(
                        path + " is in use by another run\n  Wait for it, or set another " + "exp_manager.name.");
            }
            return new Claim(this, channel);
        } catch (IOException e) {
            throw FilesException.writing(file, e);
        }
    }

    private static boolean isLocked(FileChannel channel) throws IOException {
        try {
            FileLock lock = channel.tryLock();
            return lock != null;
        } catch (OverlappingFileLockException sameProcess) {
            return false;
        }
    }

    /// Saves what the run was told.
    ///
    /// @param model the model section, as a reader of the checkpoints needs it
    public void writeConfiguration(Map<String, Object> resolved, Map<String, Object> model) {
        AtomicFile.write(path.resolve("config.yaml"), Yaml.write(resolved).getBytes(StandardCharsets.UTF_8));
        AtomicFile.write(path.resolve("hparams.yaml"), LightningWriter.hparams(model));
    }

    private static String version(Path base, Experiment experiment) {
        if (experiment.version().isPresent()) {
            return experiment.version().get();
        }
        if (experiment.usesDatetimeVersion()) {
            return LocalDateTime.now().format(DATE);
        }
        int number = 0;
        while (Files.exists(base.resolve("version_" + number))) {
            number++;
        }
        return "version_" + number;
    }
}
