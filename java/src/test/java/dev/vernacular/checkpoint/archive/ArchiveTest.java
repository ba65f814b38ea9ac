package dev.vernacular.checkpoint.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.ValueLayout;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ArchiveTest {
    private static final byte[] HELLO = "hello".getBytes(StandardCharsets.UTF_8);

    @TempDir
    private Path folder;

    private Path tar(String name, byte type, String link) throws IOException {
        Path file = folder.resolve("made.nemo");
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(Files.newOutputStream(file))) {
            tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            TarArchiveEntry entry = new TarArchiveEntry(name, type, true);
            entry.setLinkName(link);
            boolean hasBytes = type == TarConstants.LF_NORMAL;
            entry.setSize(hasBytes ? HELLO.length : 0);
            tar.putArchiveEntry(entry);
            tar.write(hasBytes ? HELLO : new byte[0]);
            tar.closeArchiveEntry();
        }
        return file;
    }

    private static String text(Archive archive, String name) {
        byte[] bytes = archive.find(name).orElseThrow().segment().toArray(ValueLayout.JAVA_BYTE);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @ValueSource(strings = {"./a.txt", "a.txt", "././a.txt"})
    void aLeadingDotIsNoPartOfAName(String name) throws IOException {
        try (Archive archive = Archive.open(tar(name, TarConstants.LF_NORMAL, ""))) {
            assertThat(archive.names()).containsExactly("a.txt");
            assertThat(text(archive, "a.txt")).isEqualTo("hello");
        }
    }

    @Test
    void aNameOverAHundredBytesIsRead() throws IOException {
        String name = "long/".repeat(40) + "a.txt";

        try (Archive archive = Archive.open(tar(name, TarConstants.LF_NORMAL, ""))) {
            assertThat(text(archive, name)).isEqualTo("hello");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"../a.txt", "x/../../a.txt", "/etc/a.txt", "..", "x\\a.txt"})
    void aNameThatLeavesTheArchiveIsRefused(String name) throws IOException {
        Path file = tar(name, TarConstants.LF_NORMAL, "");

        assertThatThrownBy(() -> Archive.open(file))
                .isInstanceOf(ArchiveException.class)
                .hasMessageContaining("made.nemo")
                .hasMessageContaining(name);
    }

    @ParameterizedTest
    @ValueSource(
            bytes = {
                TarConstants.LF_LINK,
                TarConstants.LF_SYMLINK,
                TarConstants.LF_CHR,
                TarConstants.LF_BLK,
                TarConstants.LF_FIFO
            })
    void linksAndDevicesAreRefused(byte type) throws IOException {
        Path file = tar("model_config.yaml", type, "/etc/passwd");

        assertThatThrownBy(() -> Archive.open(file))
                .isInstanceOf(ArchiveException.class)
                .hasMessageContaining("model_config.yaml");
    }

    @Test
    void whatIsWrittenIsReadHereAndByAnotherReader() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        TarWriter writer = new TarWriter(Channels.newChannel(bytes));
        writer.folder("./");
        writer.file("./a.txt", HELLO);
        writer.file("./empty.txt", new byte[0]);
        writer.finish();
        Path file = Files.write(folder.resolve("a.nemo"), bytes.toByteArray());

        try (Archive archive = Archive.open(file)) {
            assertThat(archive.names()).containsExactly("a.txt", "empty.txt");
            assertThat(text(archive, "a.txt")).isEqualTo("hello");
        }
        assertThat(bytes.size() % 10240).isZero();
    }

    @Test
    void aContentThatIsNotAsLongAsAnnouncedIsAnError() {
        TarWriter writer = new TarWriter(Channels.newChannel(new ByteArrayOutputStream()));

        assertThatThrownBy(() -> writer.file("a", 7, channel -> {}))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("7 bytes");
    }

    @Test
    void aGzipThatUnpacksWithoutEndIsRefusedAndLeavesNothing() throws IOException {
        Path bomb = folder.resolve("bomb.nemo");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(bomb))) {
            byte[] zeros = new byte[1 << 20];
            for (int i = 0; i < 200; i++) {
                out.write(zeros);
            }
        }
        List<Path> before = temporaryFiles();

        assertThatThrownBy(() -> Archive.open(bomb))
                .isInstanceOf(ArchiveException.class)
                .hasMessageContaining("bomb.nemo");
        assertThat(temporaryFiles()).isSubsetOf(before);
    }

    private static List<Path> temporaryFiles() throws IOException {
        try (Stream<Path> files = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
            return files.filter(file -> file.getFileName().toString().startsWith("vernacular-"))
                    .toList();
        }
    }

    @Test
    void aDamagedGzipIsRefusedByName() throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(packed)) {
            out.write(Files.readAllBytes(tar("a.txt", TarConstants.LF_NORMAL, "")));
        }
        byte[] bytes = packed.toByteArray();
        Path cut = Files.write(folder.resolve("cut.nemo"), Arrays.copyOf(bytes, bytes.length / 2));

        assertThatThrownBy(() -> Archive.open(cut))
                .isInstanceOf(ArchiveException.class)
                .hasMessageContaining("cut.nemo");
    }

    @Test
    void aFolderIsAnArchiveToo() throws IOException {
        Files.createDirectories(folder.resolve("model/mp_rank_00"));
        Files.write(folder.resolve("model/mp_rank_00/a.txt"), HELLO);

        try (Archive archive = Archive.open(folder.resolve("model"))) {
            assertThat(text(archive, "mp_rank_00/a.txt")).isEqualTo("hello");
        }
    }
}
