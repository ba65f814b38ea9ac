package dev.vernacular.checkpoint.torch;

import dev.vernacular.checkpoint.pickle.PickleReader;
import dev.vernacular.files.AtomicFile;
import dev.vernacular.files.FileBytes;
import dev.vernacular.files.FilesException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/// A file of `torch.save`: a zip with one pickle, whose tensors lie beside it as raw bytes. The bytes
/// stay there until they are asked for; the checksum of each member is compared when it is first read. The pickle is
/// read as
/// data: nothing in the file is executed.
///
/// The content is a graph of maps, lists, numbers, strings (see [PickleReader]) and [TorchTensor]s; an object
/// of an unknown class is a `PickledObject`, inert. Tensors read the file and end with [#close()].
public final class TorchFile implements AutoCloseable {
    private static final long LARGEST_PICKLE = 64L << 20;
    private static final byte[] OLD_MAGIC = {(byte) 0x80, 2, (byte) 0x8a, 10, 0x6c, (byte) 0xfc, (byte) 0x9c, 0x46};
    private final String label;
    private final Map<String, ZipMember> members;
    private final Object root;
    private final Runnable close;

    private TorchFile(FileBytes bytes, String label, Runnable close) {
        this.label = label;
        this.close = close;
        refuseOtherFormats(bytes.segment(), label);
        this.members = ZipDirectory.members(bytes, label);
        this.root = read(members, label);
    }

    /// Opens a file and reads its pickle.
    ///
    /// @throws FilesException if the file cannot be read
    /// @throws TorchException if it is not of `torch.save`, or damaged
    /// @throws dev.vernacular.checkpoint.pickle.PickleException if its pickle is
    public static TorchFile open(Path file) {
        FileBytes bytes = FileBytes.open(file);
        try {
            return new TorchFile(bytes, file.toString(), bytes::close);
        } catch (RuntimeException e) {
            bytes.close();
            throw e;
        }
    }

    /// Reads a file that is open already, or lies inside another; the caller keeps `bytes` open.
    ///
    /// @param label names it in errors
    public static TorchFile of(FileBytes bytes, String label) {
        return new TorchFile(bytes, label, () -> {});
    }

    /// Writes `root` whole or not at all; see [TorchWriter] for what it may hold.
    ///
    /// @throws FilesException if `file` exists and `force` is false, or it cannot be written
    public static void write(Path file, Object root, boolean force) {
        AtomicFile.refuseToReplace(file, force);
        TorchWriter writer = TorchWriter.of(root);
        AtomicFile.write(file, writer::writeTo);
    }

    /// What was saved.
    public Object root() {
        return root;
    }

    /// What was saved, which is a dictionary in every checkpoint.
    ///
    /// @throws TorchException if it is none
    public Map<?, ?> dictionary() {
        if (root instanceof Map<?, ?> map) {
            return map;
        }
        throw new TorchException(label + " holds no dictionary\n  Is it a checkpoint of a model?");
    }

    /// Refuses the file if anything in it is of a class that weights have no use for, except below keys that
    /// end in `_extra_state`.
    ///
    /// @throws TorchException naming class and key
    public TorchFile requirePlainData() {
        new PlainData(label).require(root);
        return this;
    }

    /// Looks through everything that nobody has read yet.
    ///
    /// @throws TorchException naming a member whose bytes are not what was written
    public TorchFile requireWhole() {
        members.values().forEach(member -> member.requireWhole(""));
        return this;
    }

    @Override
    public void close() {
        close.run();
    }

    private static Object read(Map<String, ZipMember> members, String label) {
        String pickle = members.keySet().stream()
                .filter(name -> name.equals("data.pkl") || name.endsWith("/data.pkl"))
                .findFirst()
                .orElseThrow(() ->
                        new TorchException(label + " is a zip without data.pkl\n  It was not written by torch.save."));
        String prefix = pickle.substring(0, pickle.length() - "data.pkl".length());
        ZipMember data = members.get(pickle);
        if (data.byteSize() > LARGEST_PICKLE) {
            throw new TorchException(
                    label + ": its data.pkl has " + data.byteSize() + " bytes, the limit is " + LARGEST_PICKLE);
        }
        TorchGlobals globals = new TorchGlobals(members, prefix, byteOrder(members, prefix, label));
        return PickleReader.read(data.bytes().segment().toArray(ValueLayout.JAVA_BYTE), label, globals);
    }

    private static ByteOrder byteOrder(Map<String, ZipMember> members, String prefix, String label) {
        ZipMember member = members.get(prefix + "byteorder");
        if (member == null) {
            return ByteOrder.LITTLE_ENDIAN;
        }
        byte[] start = member.bytes()
                .segment()
                .asSlice(0, Math.min(16, member.byteSize()))
                .toArray(ValueLayout.JAVA_BYTE);
        String order = new String(start, StandardCharsets.US_ASCII);
        return switch (order.strip()) {
            case "little" -> ByteOrder.LITTLE_ENDIAN;
            case "big" -> ByteOrder.BIG_ENDIAN;
            default -> throw new TorchException(label + ": its byteorder is '" + order + "', neither little nor big");
        };
    }

    private static void refuseOtherFormats(MemorySegment bytes, String label) {
        if (bytes.byteSize() == 0) {
            throw new TorchException(label + " is empty");
        }
        if (startsWith(bytes, 0, OLD_MAGIC)) {
            throw new TorchException(label + " is a legacy torch file, from before torch 1.6\n"
                    + "  Load it with torch and save it again with torch.save.");
        }
        if (startsWith(bytes, 257, "ustar".getBytes(StandardCharsets.US_ASCII))) {
            throw new TorchException(label + " is a tar archive, as .nemo files and very old torch files are\n"
                    + "  A .nemo file should be named so; an old torch file must be saved again with torch.save.");
        }
        if (!startsWith(bytes, 0, new byte[] {'P', 'K'})) {
            throw new TorchException(label + " was not written by torch.save: it is no zip archive");
        }
    }

    private static boolean startsWith(MemorySegment bytes, long at, byte[] magic) {
        return bytes.byteSize() >= at + magic.length
                && bytes.asSlice(at, magic.length).mismatch(MemorySegment.ofArray(magic)) < 0;
    }
}
