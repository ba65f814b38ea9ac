package dev.vernacular.kernels.ffm;

import dev.vernacular.kernels.KernelException;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Set;

/// The folder where native libraries are unpacked from the jar, for the dynamic linker wants files. A file's
/// name has its hash and its content is compared before it is used again: this is a place where someone else's
/// bytes could be loaded. Several processes may unpack at once.
record LibraryCache(Path folder) {
    private static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    private static final int NAME_BYTES = 8;

    /// `-Dvernacular.native.cache`, else `$XDG_CACHE_HOME/vernacular/native`, else
    /// `~/.cache/vernacular/native`.
    static LibraryCache ofUser() {
        String chosen = System.getProperty("vernacular.native.cache");
        if (chosen != null && !chosen.isBlank()) {
            return new LibraryCache(Path.of(chosen));
        }
        String xdg = System.getenv("XDG_CACHE_HOME");
        Path caches = xdg != null && !xdg.isBlank() ? Path.of(xdg) : Path.of(System.getProperty("user.home"), ".cache");
        return new LibraryCache(caches.resolve("vernacular").resolve("native"));
    }

    /// The file with these bytes, written unless it is there.
    ///
    /// @throws KernelException if the folder cannot be written or others can write to it
    Path unpack(String name, byte[] library) {
        return unpackTo(folder.resolve(name + "-" + hash(library) + ".so"), library);
    }

    /// The same where the file has to have this very name: in a folder of its own.
    ///
    /// @return the folder
    Path unpackNamed(String fileName, byte[] library) {
        LibraryCache own = new LibraryCache(folder.resolve(hash(library)));
        own.unpackTo(own.folder.resolve(fileName), library);
        return own.folder;
    }

    private Path unpackTo(Path target, byte[] library) {
        try {
            Files.createDirectories(folder, OWNER_ONLY);
            refuseSharedFolder();
            if (!holds(target, library)) {
                write(target, library);
            }
            return target;
        } catch (FileSystemException e) {
            String reason = e.getReason() == null ? e.getClass().getSimpleName() : e.getReason();
            throw unusable(e.getFile() + ": " + reason);
        } catch (IOException e) {
            throw unusable(e.getMessage());
        }
    }

    private static boolean holds(Path target, byte[] library) throws IOException {
        return Files.isRegularFile(target, LinkOption.NOFOLLOW_LINKS)
                && Files.size(target) == library.length
                && Arrays.equals(Files.readAllBytes(target), library);
    }

    /// Beside the target and renamed over it, so that another process sees all of it or nothing. createTempFile
    /// gives mode 0600.
    private void write(Path target, byte[] library) throws IOException {
        Path beside = Files.createTempFile(folder, "unpacking", ".tmp");
        try {
            Files.write(beside, library);
            Files.move(beside, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(beside);
        }
    }

    private void refuseSharedFolder() throws IOException {
        Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(folder);
        if (permissions.contains(PosixFilePermission.GROUP_WRITE)
                || permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
            throw unusable("others can write to it (" + PosixFilePermissions.toString(permissions)
                    + "), and native code would be loaded from there");
        }
    }

    private KernelException unusable(String why) {
        return KernelException.unavailable("the folder for native libraries, " + folder + ", cannot be used: " + why
                + "\n"
                + "  Choose another with -Dvernacular.native.cache=FOLDER (or XDG_CACHE_HOME), or --backend"
                + " reference.");
    }

    private static String hash(byte[] library) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(library);
            return HexFormat.of().formatHex(digest, 0, NAME_BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java has SHA-256", e);
        }
    }
}
