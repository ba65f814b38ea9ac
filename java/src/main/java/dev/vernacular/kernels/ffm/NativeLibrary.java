package dev.vernacular.kernels.ffm;

import dev.vernacular.kernels.KernelException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A native library of kernels, unpacked and loaded for the rest of the process.
public final class NativeLibrary {
    private static final String PLATFORM = "linux-x86_64";
    private static final Pattern ISA = Pattern.compile("\"isa\"\\s*:\\s*\"([^\"]+)\"");
    private final String name;
    private final Path file;
    private final KernelBindings bindings;

    private NativeLibrary(String name, Path file, KernelBindings bindings) {
        this.name = name;
        this.file = file;
        this.bindings = bindings;
    }

    /// The CPU kernels.
    ///
    /// @throws KernelException if this platform or this build has none, or they cannot be unpacked or loaded
    public static NativeLibrary cpu() {
        requirePlatform(System.getProperty("os.name"), System.getProperty("os.arch"));
        return open("cpu", "libvernacular_cpu", LibraryCache.ofUser());
    }

    /// The CUDA kernels. They load without a driver and without a GPU.
    ///
    /// @throws KernelException as [#cpu]
    public static NativeLibrary cuda() {
        requirePlatform(System.getProperty("os.name"), System.getProperty("os.arch"));
        if (NativeLibrary.class.getResource(path("libvernacular_cuda.so")) == null) {
            throw KernelException.unavailable("this build has no CUDA kernels: nvcc was not there when it was built\n"
                    + "  Build it where the CUDA toolkit 13 is (nvcc on PATH or CUDA_HOME set), or use --backend"
                    + " cpu.");
        }
        return open("cuda", "libvernacular_cuda", LibraryCache.ofUser());
    }

    /// The CUDA kernels in the emulator; needs [#loadEmulatedDriver].
    ///
    /// @throws KernelException as [#cpu]
    public static NativeLibrary cudaEmulated() {
        return open("cuda-emulated", "libvernacular_cuda_emulated", LibraryCache.ofUser());
    }

    /// Puts the emulator's driver into the process under the name of CUDA's: what is linked to `libcuda.so.1`
    /// and loaded from now on gets this one.
    ///
    /// @throws KernelException as [#cpu]
    public static void loadEmulatedDriver() {
        requirePlatform(System.getProperty("os.name"), System.getProperty("os.arch"));
        load(LibraryCache.ofUser().unpack("libcuda", resource(path("libcuda.so.1"))));
    }

    /// Unpacks a resource of another library's jar, under the name that it looks for, into a folder that only
    /// this user can write.
    ///
    /// @return the folder
    public static Path unpackForeign(String resource) {
        return LibraryCache.ofUser().unpackNamed(resource.substring(resource.lastIndexOf('/') + 1), resource(resource));
    }

    static void requirePlatform(String system, String machine) {
        if (!system.equals("Linux") || !(machine.equals("amd64") || machine.equals("x86_64"))) {
            throw KernelException.unavailable("native kernels are built for Linux on x86-64, this is " + system + " on "
                    + machine + "\n  Use --backend reference: plain Java, slow.");
        }
    }

    static NativeLibrary open(String name, String file, LibraryCache cache) {
        Path unpacked = cache.unpack(file, resource(path(file + ".so")));
        return new NativeLibrary(name, unpacked, new KernelBindings(load(unpacked)));
    }

    private static String path(String file) {
        return "/META-INF/native/" + PLATFORM + "/" + file;
    }

    /// Of its backend: cpu, cuda or cuda-emulated.
    public String name() {
        return name;
    }

    /// Where it was unpacked to.
    public Path file() {
        return file;
    }

    /// The library's own account: a JSON object with backend, instruction sets, threads and build.
    public String describe() {
        try {
            return string((MemorySegment) bindings.describe.invokeExact());
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }

    /// The part of [#describe] that a run's first line shows.
    String summary(int threads, Optional<String> isa) {
        Matcher chosen = ISA.matcher(describe());
        String set = isa.orElse(chosen.find() ? chosen.group(1) : "best instruction set");
        return "cpu: " + set + ", "
                + (threads == 0 ? "all threads" : threads + (threads == 1 ? " thread" : " threads"));
    }

    KernelBindings bindings() {
        return bindings;
    }

    /// A C string of the library's.
    static String string(MemorySegment address) {
        // C does not say how long it is; getString stops at the terminating zero.
        return address.address() == 0 ? "" : address.reinterpret(Long.MAX_VALUE).getString(0);
    }

    private static byte[] resource(String name) {
        try (InputStream in = NativeLibrary.class.getResourceAsStream(name)) {
            if (in == null) {
                throw KernelException.unavailable("this build has no native kernels (no " + name + " in the jar)"
                        + "\n  Build without -Dnative.skip=true, or use --backend reference.");
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static SymbolLookup load(Path file) {
        try {
            return SymbolLookup.libraryLookup(file, Arena.global());
        } catch (IllegalArgumentException e) {
            throw KernelException.unavailable("the native library " + file + " cannot be loaded: " + e.getMessage()
                    + "\n  Is its file system mounted noexec? Choose another folder with"
                    + " XDG_CACHE_HOME=FOLDER, or --backend reference.");
        }
    }
}
