package dev.vernacular.checkpoint.torch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vernacular.files.FileBytes;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ZipWriterTest {
    private static final long OVER_FOUR_GIGABYTES = (1L << 32) + 4;
    private static final int PIECE = 1 << 20;

    @TempDir
    private Path folder;

    private static ByteBuffer text(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    }

    @Test
    void javasOwnReaderFindsEveryMemberWhole() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ZipWriter zip = new ZipWriter(Channels.newChannel(bytes));
        zip.add("a/one", text("first"));
        zip.add("a/two", text(""));
        zip.finish();
        Path file = Files.write(folder.resolve("x.zip"), bytes.toByteArray());

        assertThat(ZipWriter.sizeOf(List.of("a/one", "a/two"), List.of(5L, 0L))).isEqualTo(bytes.size());
        try (ZipFile read = new ZipFile(file.toFile())) {
            ZipEntry one = read.getEntry("a/one");
            assertThat(read.getInputStream(one).readAllBytes()).asString().isEqualTo("first");
            assertThat(one.getCrc()).isEqualTo(0x9271ee57L);
        }
    }

    /// Zeros are stepped over, so the file has holes instead of four gigabytes.
    @Test
    @Tag("slow")
    void membersOfAndBehindFourGigabytesReadBack() throws IOException {
        Path file = folder.resolve("large.zip");
        byte[] zeros = new byte[PIECE];
        long size;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            ZipWriter zip = new ZipWriter(new Holes(channel, zeros));
            zip.add("x/data/0", OVER_FOUR_GIGABYTES, out -> {
                for (long left = OVER_FOUR_GIGABYTES; left > 0; left -= PIECE) {
                    out.write(ByteBuffer.wrap(zeros, 0, (int) Math.min(PIECE, left)));
                }
            });
            zip.add("x/data/1", text("behind"));
            zip.finish();
            size = channel.position();
        }

        assertThat(ZipWriter.sizeOf(List.of("x/data/0", "x/data/1"), List.of(OVER_FOUR_GIGABYTES, 6L)))
                .isEqualTo(size)
                .isEqualTo(Files.size(file));
        try (FileBytes bytes = FileBytes.open(file)) {
            Map<String, ZipMember> members = ZipDirectory.members(bytes, "large.zip");
            assertThat(members.get("x/data/0").bytes().size()).isEqualTo(OVER_FOUR_GIGABYTES);
            MemorySegment behind = members.get("x/data/1").bytes().segment();
            assertThat(behind.toArray(ValueLayout.JAVA_BYTE)).asString().isEqualTo("behind");
        }
        try (ZipFile read = new ZipFile(file.toFile())) {
            assertThat(read.getEntry("x/data/0").getSize()).isEqualTo(OVER_FOUR_GIGABYTES);
            assertThat(read.getInputStream(read.getEntry("x/data/1")).readAllBytes())
                    .asString()
                    .isEqualTo("behind");
        }
    }

    private record Holes(FileChannel channel, byte[] zeros) implements WritableByteChannel {
        @Override
        public int write(ByteBuffer bytes) throws IOException {
            if (!bytes.hasArray() || bytes.array() != zeros) {
                return channel.write(bytes);
            }
            int length = bytes.remaining();
            channel.position(channel.position() + length);
            bytes.position(bytes.limit());
            return length;
        }

        @Override
        public boolean isOpen() {
            return channel.isOpen();
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
