package dev.vernacular.checkpoint.archive;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/// Unpacks the gzipped archives of old NeMo releases.
final class Gzip {
    /// Weights hardly shrink; rows of zeros do, but they are few.
    private static final long LARGEST_RATIO = 32;
    private static final long ALWAYS_ALLOWED = 64L << 20;

    private Gzip() {}

    static boolean isGzip(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] magic = in.readNBytes(2);
            return magic.length == 2 && magic[0] == 0x1f && (magic[1] & 0xff) == 0x8b;
        }
    }

    /// @return a temporary file, the caller's to delete
    static Path unpack(Path file) throws IOException {
        long limit = ALWAYS_ALLOWED + LARGEST_RATIO * Files.size(file);
        Path target = Files.createTempFile("vernacular-", ".tar");
        try (InputStream in = new GZIPInputStream(new BufferedInputStream(Files.newInputStream(file)), 1 << 16);
                OutputStream out = Files.newOutputStream(target)) {
            copy(in, out, file, limit);
            return target;
        } catch (EOFException cut) {
            Files.delete(target);
            throw new ArchiveException(file + ": the gzip file is cut short\n  Copy or download it again.");
        } catch (ZipException e) {
            Files.delete(target);
            throw new ArchiveException(
                    file + " is a damaged gzip file: " + e.getMessage() + "\n  Copy or download it again.");
        } catch (IOException | RuntimeException e) {
            Files.delete(target);
            throw e;
        }
    }

    private static void copy(InputStream in, OutputStream out, Path file, long limit) throws IOException {
        byte[] buffer = new byte[1 << 16];
        long total = 0;
        for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
            total += count;
            if (total > limit) {
                throw new ArchiveException(file + " unpacks to more than " + limit + " bytes, over " + LARGEST_RATIO
                        + " times its size\n  No model does that; the file was made to fill the disk, or is damaged.");
            }
            out.write(buffer, 0, count);
        }
    }
}
