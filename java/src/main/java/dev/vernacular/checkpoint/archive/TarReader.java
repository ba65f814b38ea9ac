package dev.vernacular.checkpoint.archive;

import java.io.FileInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/// Finds where each file of a tar lies; old, GNU and pax headers.
final class TarReader {
    private TarReader() {}

    /// Where a file's bytes are.
    record Entry(long offset, long size) {}

    /// @param named what to call the archive in errors
    static Map<String, Entry> entries(Path tar, String named, int most) throws IOException {
        long length = Files.size(tar);
        Map<String, Entry> entries = new LinkedHashMap<>();
        try (TarArchiveInputStream in = new TarArchiveInputStream(new FileInputStream(tar.toFile()))) {
            TarArchiveEntry header = in.getNextEntry();
            while (header != null) {
                String name = safeName(header, named);
                if (!header.isDirectory()) {
                    put(entries, name, new Entry(in.getBytesRead(), header.getSize()), named, length);
                }
                if (entries.size() > most) {
                    throw new ArchiveException(named + " has more than " + most + " entries\n  It is no model.");
                }
                header = in.getNextEntry();
            }
        } catch (IOException | IllegalArgumentException e) {
            throw new ArchiveException(named + " is no tar archive, or a damaged or cut one: " + e.getMessage() + " ("
                    + length + " bytes are there, " + entries.size() + " entries were read)");
        }
        return entries;
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
