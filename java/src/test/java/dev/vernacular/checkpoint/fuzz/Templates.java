package dev.vernacular.checkpoint.fuzz;

import dev.vernacular.checkpoint.fuzz.Template.Part;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipFile;

/// Takes files of each format apart.
final class Templates {
    private static final int TAR_BLOCK = 512;
    private static final Path GOLDEN = Path.of("src/test/resources/golden");

    /// A member of an archive.
    record Member(String name, byte[] bytes) {}

    private Templates() {}

    /// A golden file.
    static byte[] golden(String name) {
        try {
            return Files.readAllBytes(GOLDEN.resolve(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// A file of `torch.save`, with right checksums: its pickle, its first storage, its small members.
    static Template torch(String name, byte[] zip) {
        List<Member> members = zipMembers(zip);
        List<Part> parts = members.stream().map(Templates::torchPart).toList();
        return new Template(name, parts, bytes -> zip(members, bytes));
    }

    private static Part torchPart(Member member) {
        if (member.name().endsWith("data.pkl") || member.name().endsWith("data/0")) {
            return Part.binary(member.name(), member.bytes());
        }
        return member.name().endsWith("byteorder")
                ? Part.text(member.name(), member.bytes())
                : Part.constant(member.name(), member.bytes());
    }

    /// A `.nemo` archive: its configuration and the inside of its weights.
    static Template nemo(String name, byte[] tar) {
        List<Member> members = tarMembers(tar);
        List<Part> parts = new ArrayList<>();
        for (Member member : members) {
            parts.add(
                    member.name().endsWith("model_config.yaml")
                            ? Part.text(member.name(), member.bytes())
                            : Part.constant(member.name(), member.bytes()));
        }
        int weights = indexOf(members, "model_weights.ckpt");
        Template torch = torch(name, members.get(weights).bytes());
        parts.addAll(torch.parts());
        return new Template(name, parts, bytes -> {
            List<byte[]> files = new ArrayList<>(bytes.subList(0, members.size()));
            List<byte[]> inner = bytes.subList(members.size(), bytes.size());
            files.set(weights, torch.assembler().apply(inner));
            return tar(members, files);
        });
    }

    /// A tar whose headers change, with right checksums.
    static Template tarHeaders(String name, byte[] tar) {
        List<Integer> places = new ArrayList<>();
        List<Part> parts = new ArrayList<>();
        for (int at = 0; at + TAR_BLOCK <= tar.length; at += TAR_BLOCK) {
            if ("ustar".equals(new String(tar, at + 257, 5, StandardCharsets.ISO_8859_1))) {
                places.add(at);
                parts.add(Part.text("header at " + at, Arrays.copyOfRange(tar, at, at + TAR_BLOCK)));
            }
        }
        return new Template(name, parts, headers -> {
            byte[] copy = tar.clone();
            for (int i = 0; i < places.size(); i++) {
                System.arraycopy(withChecksum(headers.get(i)), 0, copy, places.get(i), TAR_BLOCK);
            }
            return copy;
        });
    }

    static byte[] withChecksum(byte[] tarHeader) {
        byte[] header = Arrays.copyOf(tarHeader, TAR_BLOCK);
        Arrays.fill(header, 148, 156, (byte) ' ');
        int sum = 0;
        for (byte b : header) {
            sum += b & 0xff;
        }
        byte[] text = "%06o\0 ".formatted(sum).getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(text, 0, header, 148, text.length);
        return header;
    }

    /// A safetensors file with the right length of its header.
    static Template safetensors(String name, byte[] file) {
        int length = (int) ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
        List<Part> parts = List.of(
                Part.text("header", Arrays.copyOfRange(file, 8, 8 + length)),
                Part.constant("data", Arrays.copyOfRange(file, 8 + length, file.length)));
        return new Template(
                name,
                parts,
                bytes -> ByteBuffer.allocate(8 + bytes.get(0).length + bytes.get(1).length)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(bytes.get(0).length)
                        .put(bytes.get(0))
                        .put(bytes.get(1))
                        .array());
    }

    static byte[] gzip(byte[] bytes) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(bytes.length + 64);
        try (OutputStream packed = new FastGzip(out)) {
            packed.write(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    /// Packing well is not what is tested.
    private static final class FastGzip extends GZIPOutputStream {
        FastGzip(OutputStream out) throws IOException {
            super(out);
            def.setLevel(Deflater.BEST_SPEED);
        }
    }

    private static int indexOf(List<Member> members, String suffix) {
        for (int i = 0; i < members.size(); i++) {
            if (members.get(i).name().endsWith(suffix)) {
                return i;
            }
        }
        throw new IllegalArgumentException("no member " + suffix);
    }

    static List<Member> zipMembers(byte[] bytes) {
        try (ZipFile zip = ZipFile.builder().setByteArray(bytes).get()) {
            List<Member> members = new ArrayList<>();
            for (ZipArchiveEntry entry : Collections.list(zip.getEntries())) {
                members.add(
                        new Member(entry.getName(), zip.getInputStream(entry).readAllBytes()));
            }
            return members;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] zip(List<Member> members, List<byte[]> contents) {
        ZipBytes zip = new ZipBytes();
        for (int i = 0; i < members.size(); i++) {
            zip.add(members.get(i).name(), contents.get(i));
        }
        return zip.bytes();
    }

    static List<Member> tarMembers(byte[] bytes) {
        try (TarArchiveInputStream tar = new TarArchiveInputStream(new ByteArrayInputStream(bytes))) {
            List<Member> members = new ArrayList<>();
            for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                if (entry.isFile()) {
                    members.add(new Member(entry.getName(), tar.readAllBytes()));
                }
            }
            return members;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] tar(List<Member> members, List<byte[]> contents) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(1 << 16);
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes, TAR_BLOCK)) {
            for (int i = 0; i < members.size(); i++) {
                TarArchiveEntry entry = new TarArchiveEntry(members.get(i).name());
                entry.setSize(contents.get(i).length);
                tar.putArchiveEntry(entry);
                tar.write(contents.get(i));
                tar.closeArchiveEntry();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }
}
