package dev.vernacular.checkpoint.archive;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/// Finds where each file of a tar lies; old, GNU and pax headers.
final class TarReader {
    private static final int RECORD = 512;

    /// Of an entry: its header and those before it that hold a long name or attributes. Endless ones would fill
    /// memory, and each of a chain of them takes a frame of the stack.
    private static final int MOST_HEADER_BYTES = 64 << 10;

    private TarReader() {}

    /// Where a file's bytes are.
    record Entry(long offset, long size) {}

    /// The bytes of files are stepped over, not read.
    ///
    /// @param named what to call the archive in errors
    static Map<String, Entry> entries(Path tar, String named, int most) throws IOException {
        Map<String, Entry> entries = new LinkedHashMap<>();
        try (FileChannel file = FileChannel.open(tar, StandardOpenOption.READ)) {
            long next = 0;
            int count = 0;
            ByteBuffer headers = ByteBuffer.allocate(MOST_HEADER_BYTES);
            while (next >= 0) {
                if (count++ > most) {
                    throw new ArchiveException(named + " has more than " + most + " entries\n  It is no model.");
                }
                next = entry(file, next, headers, named, entries);
            }
            return entries;
        } catch (IOException | IllegalArgumentException e) {
            throw new ArchiveException(named + " is no tar archive, or a damaged or cut one: " + e.getMessage() + " ("
                    + Files.size(tar) + " bytes are there, " + entries.size() + " entries were read)");
        }
    }

    /// Reads the header at `at`, with the headers that belong to it, and returns where the next one is; -1 at
    /// the end.
    ///
    /// @param headers room for them
    private static long entry(FileChannel file, long at, ByteBuffer headers, String named, Map<String, Entry> entries)
            throws IOException {
        // A stream of its own for each entry: it would read a file's bytes to skip them.
        headers.clear();
        while (headers.hasRemaining() && file.read(headers, at + headers.position()) >= 0) {}
        TarArchiveInputStream in =
                new TarArchiveInputStream(new ByteArrayInputStream(headers.array(), 0, headers.position()));
        TarArchiveEntry header = in.getNextEntry();
        if (header == null) {
            return -1;
        }
        String name = safeName(header, named);
        Entry found = new Entry(at + in.getBytesRead(), header.isDirectory() ? 0 : header.getSize());
        if (!header.isDirectory()) {
            put(entries, name, found, named, file.size());
        }
        return (found.offset() + found.size() + RECORD - 1) / RECORD * RECORD;
    }

    private static void put(Map<String, Entry> entries, String name, Entry entry, String named, long length) {
        if (entry.size() < 0 || entry.offset() > length || entry.size() > length - entry.offset()) {
            throw new ArchiveException(named + " is cut short: its entry " + name + " has " + entry.size()
                    + " bytes from byte " + entry.offset() + ", the file ends at " + length
                    + "\n  Copy or download it again.");
        }
        if (entries.put(name, entry) != null) {
            throw new ArchiveException(named + " has two entries named " + name);
        }
    }

    private static String safeName(TarArchiveEntry header, String named) {
        String name = header.getName();
        boolean isPlain = header.isDirectory()
                || header.isFile()
                        && !header.isLink()
                        && !header.isSymbolicLink()
                        && !header.isCharacterDevice()
                        && !header.isBlockDevice()
                        && !header.isFIFO()
                        && !header.isSparse();
        if (!isPlain) {
            throw new ArchiveException(named + ": its entry " + name
                    + " is a link, a device or a sparse file; a model's archive holds plain files only");
        }
        while (name.startsWith("./")) {
            name = name.substring(2);
        }
        if (name.startsWith("/")
                || name.indexOf('\\') >= 0
                || name.indexOf('\0') >= 0
                || List.of(name.split("/")).contains("..")) {
            throw new ArchiveException(named + ": its entry '" + header.getName()
                    + "' would lie outside the archive\n  No model needs that; do not unpack this file.");
        }
        return name;
    }
}
