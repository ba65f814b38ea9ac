package dev.vernacular.train.store;

import dev.vernacular.VernacularException;
import dev.vernacular.config.RunConfig.Experiment;
import dev.vernacular.files.FilesException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;

/// The files of `checkpoints/`, by Lightning's rules: a file for each of the `save_top_k` lowest validation
/// losses, and `-last` for the newest. Where a save gives both they are two names of one file. What is old goes
/// only after what is new is whole, so that a kill at any moment leaves something to resume from.
public final class CheckpointStore {
    private final Path folder;
    private final Experiment experiment;
    private final Consumer<String> notes;

    /// Writes a checkpoint, whole or not at all.
    @FunctionalInterface
    public interface Writer {
        void write(Path file);
    }

    /// @param notes hears of files that are passed over
    public CheckpointStore(Path folder, Experiment experiment, Consumer<String> notes) {
        this.folder = folder;
        this.experiment = experiment;
        this.notes = notes;
    }

    /// Saves where a run is.
    ///
    /// @param isValidated the state's validation loss is of this very step; else only `-last` is written
    /// @return the `-last` file
    public Path save(TrainingState state, boolean isValidated, Writer writer) {
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("step", (double) state.step());
        values.put("consumed_samples", (double) state.consumedSamples());
        values.put("val_loss", Double.isNaN(state.validationLoss()) ? 0 : state.validationLoss());
        String name = CheckpointName.format(experiment.filename(), values);
        List<Path> oldLasts = lasts();
        Path last = free(name + CheckpointName.LAST);
        if (isValidated && isAmongBest(state.validationLoss())) {
            Path best = free(name);
            writer.write(best);
            linkOrWrite(last, best, writer);
            dropWorst();
        } else {
            writer.write(last);
        }
        oldLasts.forEach(CheckpointStore::delete);
        return last;
    }

    /// Opens the newest whole checkpoint; files that are not whole are passed over with a note.
    ///
    /// @param open throws a [VernacularException] for a file that is not whole
    public <T> Optional<T> newestWhole(Function<Path, T> open) {
        for (Path file : newestFirst()) {
            try {
                return Optional.of(open.apply(file));
            } catch (VernacularException torn) {
                notes.accept("passing over " + file + ", which is not whole: "
                        + torn.getMessage().lines().findFirst().orElse(""));
            }
        }
        return Optional.empty();
    }

    public boolean isEmpty() {
        return newestFirst().isEmpty();
    }

    /// Removes what a killed process left of a file it was writing.
    public void removeTorn() {
        list().filter(file -> file.getFileName().toString().matches("\\..*\\.part"))
                .forEach(CheckpointStore::delete);
    }

    /// Removes `-last` files other than `kept`, which a kill between write and delete can leave.
    public void removeStaleLasts(Path kept) {
        lasts().stream().filter(file -> !file.equals(kept)).forEach(CheckpointStore::delete);
    }

    private boolean isAmongBest(double loss) {
        int most = experiment.saveTopK();
        List<Path> ranked = ranked();
        return most < 0
                || ranked.size() < most
                || most > 0
                        && loss
                                < CheckpointName.validationLoss(ranked.getLast())
                                        .orElseThrow();
    }

    private void dropWorst() {
        List<Path> ranked = ranked();
        if (experiment.saveTopK() >= 0 && ranked.size() > experiment.saveTopK()) {
            ranked.subList(experiment.saveTopK(), ranked.size()).forEach(CheckpointStore::delete);
        }
    }

    /// Files with a validation loss in their names, lowest first; of equals the older first.
    private List<Path> ranked() {
        return files().filter(file -> !CheckpointName.isLast(file)
                        && CheckpointName.validationLoss(file).isPresent())
                .sorted(Comparator.<Path>comparingDouble(
                                file -> CheckpointName.validationLoss(file).orElseThrow())
                        .thenComparingInt(CheckpointName::step))
                .toList();
    }

    private List<Path> lasts() {
        return files().filter(CheckpointName::isLast).toList();
    }

    private List<Path> newestFirst() {
        return files().sorted(Comparator.comparingInt(CheckpointName::step)
                        .thenComparing(CheckpointName::isLast)
                        .reversed())
                .toList();
    }

    private Stream<Path> files() {
        return list().filter(file -> file.toString().endsWith(CheckpointName.SUFFIX) && Files.isRegularFile(file));
    }

    private Stream<Path> list() {
        if (!Files.isDirectory(folder)) {
            return Stream.empty();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList().stream();
        } catch (IOException e) {
            throw FilesException.reading(folder, e);
        }
    }

    /// `name.ckpt`, or with `-v1`, `-v2`… where there is such a file.
    private Path free(String name) {
        Path file = folder.resolve(name + CheckpointName.SUFFIX);
        for (int version = 1; Files.exists(file); version++) {
            file = folder.resolve(name + "-v" + version + CheckpointName.SUFFIX);
        }
        return file;
    }

    private static void linkOrWrite(Path last, Path best, Writer writer) {
        try {
            Files.createLink(last, best);
        } catch (FileAlreadyExistsException e) {
            throw FilesException.writing(last, e);
        } catch (UnsupportedOperationException | IOException noLinksHere) {
            // Some file systems have no hard links: then it is a second file, as Lightning 2.0 writes it.
            writer.write(last);
        }
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw FilesException.writing(file, e);
        }
    }
}
