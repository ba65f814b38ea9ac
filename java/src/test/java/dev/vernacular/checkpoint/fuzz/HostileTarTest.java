package dev.vernacular.checkpoint.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vernacular.checkpoint.ModelFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Archives whose headers lie. Nothing is ever unpacked from one, so nothing can land outside a folder; they
/// are refused all the same, since others may unpack them.
class HostileTarTest {
    private static final String NAME = "hostile.nemo";
    private static final String CONFIG = "model_config.yaml";

    @TempDir
    private Path folder;

    private void assertRefused(byte[] tar, String words) throws IOException {
        assertRefused(Files.write(folder.resolve(NAME), tar), words);
    }

    private void assertRefused(Path file, String words) throws IOException {
        assertThat(Reading.assertReadOrRefused(() -> ModelFile.open(file).close(), NAME))
                .get()
                .asString()
                .contains(words);
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).containsExactly(file);
        }
    }

    /// Headers and contents, padded.
    private static byte[] tar(byte[]... blocks) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] block : blocks) {
            out.writeBytes(block);
            out.writeBytes(new byte[(512 - block.length % 512) % 512]);
        }
        out.writeBytes(new byte[1024]);
        return out.toByteArray();
    }

    private static byte[] header(String name, char type, long size) {
        return header(name, type, "%011o\0".formatted(size).getBytes(StandardCharsets.ISO_8859_1));
    }

    private static byte[] header(String name, char type, byte[] size) {
        byte[] header = new byte[512];
        put(header, 0, name);
        put(header, 100, "0000644\0" + "0000000\0" + "0000000\0");
        System.arraycopy(size, 0, header, 124, size.length);
        put(header, 136, "00000000000\0");
        header[156] = (byte) type;
        put(header, 257, "ustar\00000");
        return Templates.withChecksum(header);
    }

    private static void put(byte[] header, int at, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        System.arraycopy(bytes, 0, header, at, bytes.length);
    }

    private static byte[] attributes(String... keysAndValues) {
        StringBuilder records = new StringBuilder();
        for (String record : keysAndValues) {
            int length = record.length() + 2;
            while (length != record.length() + 2 + String.valueOf(length).length()) {
                length = record.length() + 2 + String.valueOf(length).length();
            }
            records.append(length).append(' ').append(record).append('\n');
        }
        return records.toString().getBytes(StandardCharsets.UTF_8);
    }

    /// A file with attributes of pax.
    private static byte[] withAttributes(char type, String... keysAndValues) {
        byte[] attributes = attributes(keysAndValues);
        return tar(
                header("x", type, attributes.length), attributes, header(CONFIG, '0', 3), new byte[] {'a', ':', '1'});
    }

    @ParameterizedTest
    @ValueSource(chars = {'1', '2', '3', '4', '6', '7', 'S', 'V', 'M', 'Z'})
    void whatIsNoPlainFileIsRefused(char type) throws IOException {
        assertRefused(tar(header(CONFIG, type, 0)), NAME);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/etc/cron.d/x", "../x", "a/../../x", "..", "./../x", "a\\..\\x"})
    void aNameThatLeadsOutIsRefusedInEveryKindOfHeader(String name) throws IOException {
        byte[] longName = (name + "\0").getBytes(StandardCharsets.UTF_8);

        assertRefused(tar(header(name, '0', 0)), "outside");
        // The slash that a long name may start with is dropped, as tar does.
        String words = name.startsWith("/") ? NAME : "outside";
        assertRefused(withAttributes('x', "path=" + name), words);
        assertRefused(tar(header("././@LongLink", 'L', longName.length), longName, header("x", '0', 0)), words);
    }

    @Test
    void aNameWithAZeroByteIsRefused() throws IOException {
        assertRefused(withAttributes('x', "path=a\0/../../x"), NAME);
    }

    @Test
    void aLongNameOfAGigabyteIsNotRead() throws IOException {
        for (char type : new char[] {'L', 'K', 'x', 'g'}) {
            Path file = Files.write(folder.resolve(NAME), header("x", type, 1L << 30));
            try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
                sparse.setLength(1L << 31);
            }
            assertRefused(file, NAME);
        }
    }

    @Test
    void aChainOfHeadersNeedsNoStack() throws IOException {
        byte[] longName = tar(header("x", 'L', 2), new byte[] {'a', 0});
        byte[] attributes = attributes("path=a");
        byte[] pax = tar(header("x", 'x', attributes.length), attributes);
        for (byte[] link : new byte[][] {longName, pax}) {
            ByteArrayOutputStream chain = new ByteArrayOutputStream();
            for (int i = 0; i < 20_000; i++) {
                chain.write(link, 0, 1024);
            }
            assertRefused(chain.toByteArray(), NAME);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "size=-1",
                "size=9223372036854775807",
                "size=9223372036854775808",
                "size=1e9",
                "size=",
                "size=1000000",
                "GNU.sparse.realsize=-5",
                "GNU.sparse.size=3",
                "GNU.sparse.map=0,-1",
                "GNU.sparse.major=1",
                "SCHILY.filetype=sparse",
                "SCHILY.realsize=-1"
            })
    void attributesThatLieAboutSizesAreRefused(String attribute) throws IOException {
        assertRefused(
                withAttributes('x', attribute, attribute.startsWith("GNU.sparse.ma") ? "GNU.sparse.minor=0" : "a=b"),
                NAME);
    }

    @Test
    void aSizeThatIsNegativeOrBeyondTheFileIsRefused() throws IOException {
        byte[] negative = new byte[12];
        Arrays.fill(negative, (byte) 0xff);
        byte[] huge = new byte[12];
        Arrays.fill(huge, (byte) 0x7f);
        huge[0] = (byte) 0x80;

        assertRefused(tar(header(CONFIG, '0', negative)), NAME);
        assertRefused(tar(header(CONFIG, '0', huge)), NAME);
        assertRefused(tar(header(CONFIG, '0', 8L << 30)), "cut short");
        assertRefused(tar(header(CONFIG, '0', "zzzzzzzzzzz\0".getBytes(StandardCharsets.ISO_8859_1))), NAME);
    }

    @Test
    void twoEntriesOfOneNameAreRefused() throws IOException {
        assertRefused(tar(header(CONFIG, '0', 0), header("./" + CONFIG, '0', 0)), "two entries");
    }

    @Test
    void millionsOfEntriesAreRefused() throws IOException {
        byte[][] headers = new byte[20_000][];
        Arrays.setAll(headers, i -> header("f" + i, '0', 0));

        assertRefused(tar(headers), "more than 10000 entries");
    }

    @Test
    void aConfigurationOfHundredMegabytesIsNotRead() throws IOException {
        Path file = Files.write(folder.resolve(NAME), header(CONFIG, '0', 100 << 20));
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(101 << 20);
        }

        assertRefused(file, "104857600 bytes");
    }

    @Test
    void aGzipThatUnpacksToFarMoreIsRefused() throws IOException {
        assertRefused(Templates.gzip(new byte[100 << 20]), "unpacks to more than");
    }

    @Test
    void aGzipInAGzipIsNoArchive() throws IOException {
        assertRefused(Templates.gzip(Templates.gzip(tar(header(CONFIG, '0', 0)))), NAME);
    }
}
