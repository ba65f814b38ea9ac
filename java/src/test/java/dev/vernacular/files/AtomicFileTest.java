package dev.vernacular.files;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFileTest {
    @TempDir
    Path folder;

    @Test
    void bytesReplaceTheFileWholeAndFoldersAreMade() {
        Path file = folder.resolve("new/folder/a");

        AtomicFile.write(file, "first, longer".getBytes(UTF_8));
        AtomicFile.write(file, "second".getBytes(UTF_8));

        assertThat(file).hasContent("second");
        assertThat(file.getParent()).isDirectoryContaining("glob:**/a");
    }

    @Test
    void aDiskThatFillsUpIsAFailureAndLeavesTheOldFile() throws IOException {
        Path file = Files.writeString(folder.resolve("a"), "old");

        FilesException failure = catchThrowableOfType(
                FilesException.class,
                () -> AtomicFile.write(file, channel -> {
                    AtomicFile.writeAll(channel, ByteBuffer.wrap("new".getBytes(UTF_8)));
                    throw new IOException("No space left on device");
                }));

        assertThat(failure).hasMessage("cannot write " + file + ": No space left on device");
        assertThat(failure.exitStatus()).isEqualTo(1);
        assertThat(file).hasContent("old");
        assertThat(Files.list(folder)).containsExactly(file);
    }

    @Test
    void aNameThatCannotBeIsTheUsersMistake() throws IOException {
        Path file = Files.writeString(folder.resolve("a"), "old");
        Files.createDirectories(folder.resolve("full/of"));

        assertMistake(file.resolve("below"), file + " is a file, not a folder");
        assertMistake(folder.resolve("full"), "it is a folder, not a file");
    }

    @Test
    void aFolderGoesWithAllThatIsInIt() throws IOException {
        Path file = Files.writeString(folder.resolve("kept"), "kept");
        Files.createDirectories(folder.resolve("gone/deep"));
        Files.writeString(folder.resolve("gone/deep/file"), "gone");
        Files.createSymbolicLink(folder.resolve("gone/link"), file);

        Folders.delete(folder.resolve("gone"));
        Folders.delete(folder.resolve("never there"));

        assertThat(Files.list(folder)).containsExactly(file);
    }

    private static void assertMistake(Path file, String message) {
        assertThatThrownBy(() -> AtomicFile.write(file, new byte[1]))
                .isInstanceOfSatisfying(
                        FilesException.class, e -> assertThat(e.exitStatus()).isEqualTo(2))
                .hasMessageStartingWith("cannot write " + file + ": ")
                .hasMessageEndingWith(message);
    }
}
