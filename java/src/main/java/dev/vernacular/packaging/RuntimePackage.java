package dev.vernacular.packaging;

import dev.vernacular.files.AtomicFile;
import dev.vernacular.files.FilesException;
import dev.vernacular.files.Folders;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.apache.commons.compress.compressors.gzip.GzipCompressorOutputStream;
import org.apache.commons.compress.compressors.gzip.GzipParameters;

/// The program with its own Java, as one archive for hosts without Java: `vernacular/bin/vernacular`, `lib/`,
/// `runtime/`. Linux on x86-64, like the runtime it is made from.
public final class RuntimePackage {
    private static final String ROOT = "vernacular/";
    private static final String CUDA_LIBRARY = "/META-INF/native/linux-x86_64/libvernacular_cuda.so";
    private static final int EXECUTABLE = 0100755;
    private static final int PLAIN = 0100644;
    private static final String LAUNCHER = """
            #!/bin/sh
            # Starts Vernacular on the Java runtime beside it. VERNACULAR_JAVA_OPTS adds JVM options.
            here=$(CDPATH= cd -- "$(dirname -- "$(readlink -f -- "$0")")/.." && pwd)
            exec "$here/runtime/bin/java" -XX:+UseParallelGC ${VERNACULAR_JAVA_OPTS:-} -jar "$here/lib/vernacular.jar" "$@"
            """;

    private RuntimePackage() {}

    /// What was written.
    ///
    /// @param modules of the Java runtime
    public record Result(Path output, long bytes, List<String> modules) {}

    /// @param output      the archive, replaced if it is there
    /// @param requireCuda refuse if this build has no CUDA kernels
    /// @throws PackagingException if the program does not run from its jar, or on a Java that cannot link others
    public static Result write(Path output, boolean requireCuda) {
        Path jar = ownJar();
        if (requireCuda && RuntimePackage.class.getResource(CUDA_LIBRARY) == null) {
            throw new PackagingException("this build has no CUDA kernels"
                    + "\n  Build where CUDA's compiler (nvcc, toolkit 13) is: ./vernacular package --cuda ...");
        }
        List<String> modules = JavaRuntime.modulesOf(jar);
        Path work = temporaryFolder();
        try {
            Path runtime = work.resolve("runtime");
            JavaRuntime.link(modules, runtime);
            AtomicFile.write(output, channel -> archive(Channels.newOutputStream(channel), runtime, jar));
            return new Result(output, Files.size(output), modules);
        } catch (IOException e) {
            throw FilesException.writing(output, e);
        } finally {
            Folders.delete(work);
        }
    }

    private static Path ownJar() {
        try {
            URI location = RuntimePackage.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI();
            Path jar = Path.of(location);
            if (Files.isRegularFile(jar)) {
                return jar;
            }
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
        throw new PackagingException("only the program's jar can be packaged, and this runs from loose classes"
                + "\n  Start it by ./vernacular, or java -jar java/target/vernacular-...-all.jar");
    }

    private static Path temporaryFolder() {
        try {
            return Files.createTempDirectory("vernacular-package");
        } catch (IOException e) {
            throw FilesException.writing(Path.of(System.getProperty("java.io.tmpdir")), e);
        }
    }

    /// Entries in the order of their names, without times or owners: the same program gives the same bytes.
    private static void archive(OutputStream out, Path runtime, Path jar) throws IOException {
        GzipParameters best = new GzipParameters();
        best.setCompressionLevel(9);
        BufferedOutputStream buffered = new BufferedOutputStream(out);
        GzipCompressorOutputStream gzip = new GzipCompressorOutputStream(buffered, best);
        TarArchiveOutputStream tar = new TarArchiveOutputStream(gzip);
        tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
        put(tar, "bin/vernacular", EXECUTABLE, LAUNCHER.getBytes(StandardCharsets.UTF_8));
        put(tar, "lib/vernacular.jar", PLAIN, Files.readAllBytes(jar));
        try (Stream<Path> walk = Files.walk(runtime)) {
            for (Path file : walk.sorted().toList()) {
                String name = "runtime/" + runtime.relativize(file);
                if (Files.isSymbolicLink(file)) {
                    TarArchiveEntry link = new TarArchiveEntry(ROOT + name, TarConstants.LF_SYMLINK);
                    link.setLinkName(Files.readSymbolicLink(file).toString());
                    tar.putArchiveEntry(link);
                    tar.closeArchiveEntry();
                } else if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
                    put(tar, name, Files.isExecutable(file) ? EXECUTABLE : PLAIN, Files.readAllBytes(file));
                }
            }
        }
        // Not closed: the channel is its opener's, who has yet to sync it.
        tar.finish();
        gzip.finish();
        buffered.flush();
    }

    private static void put(TarArchiveOutputStream tar, String name, int mode, byte[] content) throws IOException {
        TarArchiveEntry entry = new TarArchiveEntry(ROOT + name);
        entry.setMode(mode);
        entry.setSize(content.length);
        entry.setModTime(0);
        entry.setIds(0, 0);
        tar.putArchiveEntry(entry);
        tar.write(content);
        tar.closeArchiveEntry();
    }
}
