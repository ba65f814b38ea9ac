package dev.vernacular.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FoldersTest {
    @TempDir
    private Path place;

    @Test
    void aNewFolderAppearsWhole() {
        Folders.write(place.resolve("new/model"), folder -> write(folder, "a", "1"));

        assertThat(place.resolve("new/model/a")).hasContent("1");
        assertThat(place.resolve("new")).isDirectoryNotContaining("glob:**.part");
    }

    @Test
    void aFolderThatIsThereKeepsItsOtherFiles() throws IOException {
        Path model = Files.createDirectory(place.resolve("model"));
        write(model, "a", "old");
        write(model, "b", "old");

        Folders.write(model, folder -> write(folder, "a", "new"));

        assertThat(model.resolve("a")).hasContent("new");
        assertThat(model.resolve("b")).hasContent("old");
        assertThat(place).isDirectoryNotContaining("glob:**.part");
    }

    @Test
    void aFailureLeavesNothing() {
        assertThatThrownBy(() -> Folders.write(place.resolve("model"), folder -> {
                    write(folder, "a", "1");
                    throw new FilesException("the disk is full");
                }))
                .hasMessage("the disk is full");

        assertThat(place).isEmptyDirectory();
    }

    @Test
    void aFailureNamesTheFolderThatWasAskedFor() {
        Path model = place.resolve("model");

        assertThatThrownBy(() -> Folders.write(model, folder -> {
                    throw FilesException.writing(folder.resolve("a"), new IOException("No space left on device"));
                }))
                .hasMessage("cannot write " + model.resolve("a") + ": No space left on device")
                .extracting(e -> ((FilesException) e).exitStatus())
                .isEqualTo(1);
    }

    private static void write(Path folder, String name, String content) {
        AtomicFile.write(folder.resolve(name), content.getBytes());
    }
}
