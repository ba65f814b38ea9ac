package dev.vernacular.kernels.ffm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vernacular.kernels.KernelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LibraryCacheTest {
    private static final byte[] LIBRARY = {0x7f, 'E', 'L', 'F', 1, 2, 3};

    @TempDir
    Path temporary;

    @Test
    void theFileIsTheOwnersAloneAndNamedByItsHash() throws IOException {
        Path file = cache().unpack("libx", LIBRARY);

        assertThat(Files.readAllBytes(file)).isEqualTo(LIBRARY);
        assertThat(file.getFileName().toString()).matches("libx-[0-9a-f]{16}\\.so");
        assertThat(permissions(file)).isEqualTo("rw-------");
        assertThat(permissions(file.getParent())).isEqualTo("rwx------");
    }

    @Test
    void aFileThatSomeoneChangedIsReplaced() throws IOException {
        Path file = cache().unpack("libx", LIBRARY);
        byte[] changed = LIBRARY.clone();
        changed[5] ^= 1;
        Files.write(file, changed);

        cache().unpack("libx", LIBRARY);

        assertThat(Files.readAllBytes(file)).isEqualTo(LIBRARY);
    }

    @Test
    void aLinkInThePlaceOfTheFileIsReplacedAndNotFollowed() throws IOException {
        Path file = cache().unpack("libx", LIBRARY);
        Path elsewhere = Files.write(temporary.resolve("elsewhere"), LIBRARY);
        Files.delete(file);
        Files.createSymbolicLink(file, elsewhere);

        cache().unpack("libx", LIBRARY);

        assertThat(Files.isSymbolicLink(file)).isFalse();
    }

    @Test
    void manyAtOnceLeaveOneFile() throws IOException {
        IntStream.range(0, 16).parallel().forEach(i -> cache().unpack("libx", LIBRARY));

        try (Stream<Path> files = Files.list(cache().folder())) {
            assertThat(files).hasSize(1);
        }
    }

    @Test
    void aFolderThatOthersCanWriteToIsRefused() throws IOException {
        Files.createDirectories(cache().folder());
        Files.setPosixFilePermissions(cache().folder(), PosixFilePermissions.fromString("rwxrwxrwx"));

        assertThatThrownBy(() -> cache().unpack("libx", LIBRARY))
                .isInstanceOfSatisfying(
                        KernelException.class, e -> assertThat(e.exitStatus()).isEqualTo(2))
                .hasMessageContaining("others can write to it")
                .hasMessageContaining("-Dvernacular.native.cache=FOLDER");
    }

    @Test
    void aFileInThePlaceOfTheFolderIsNamed() throws IOException {
        Files.write(temporary.resolve("cache"), new byte[0]);

        assertThatThrownBy(() -> cache().unpack("libx", LIBRARY)).hasMessageContaining("Not a directory");
    }

    @Test
    void anotherPlatformIsSentToTheReference() {
        assertThatThrownBy(() -> NativeLibrary.requirePlatform("Mac OS X", "aarch64"))
                .hasMessageContaining("this is Mac OS X on aarch64")
                .hasMessageContaining("--backend reference");
        NativeLibrary.requirePlatform("Linux", "amd64");
    }

    @Test
    void aBuildWithoutTheLibrarySaysHowToGetOne() {
        assertThatThrownBy(() -> NativeLibrary.open("none", "libvernacular_none", cache()))
                .hasMessageContaining("no /META-INF/native/linux-x86_64/libvernacular_none.so in the jar")
                .hasMessageContaining("-Dnative.skip=true");
    }

    private LibraryCache cache() {
        return new LibraryCache(temporary.resolve("cache").resolve("native"));
    }

    private static String permissions(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }
}
