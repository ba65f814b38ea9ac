package dev.vernacular.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// `dlopen(3)`, for what [java.lang.foreign.SymbolLookup] does not tell: whether a library is loaded
/// already.
final class DynamicLinker {
    private static final int LAZY = 1;
    private static final int LAZY_IF_LOADED = 1 | 4;
    private static final MethodHandle DLOPEN =
            bind("dlopen", FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
    private static final MethodHandle DLSYM =
            bind("dlsym", FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.ADDRESS));

    private DynamicLinker() {}

    static boolean canLoad(String library) {
        return open(library, LAZY).address() != 0;
    }

    static boolean isLoaded(String library) {
        return open(library, LAZY_IF_LOADED).address() != 0;
    }

    static boolean has(String library, String symbol) {
        return symbol(library, symbol).address() != 0;
    }

    /// A function of a loaded library, or null.
    static MemorySegment symbol(String library, String symbol) {
        try (Arena arena = Arena.ofConfined()) {
            return (MemorySegment) DLSYM.invokeExact(open(library, LAZY_IF_LOADED), arena.allocateFrom(symbol));
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }

    private static MemorySegment open(String library, int mode) {
        try (Arena arena = Arena.ofConfined()) {
            return (MemorySegment) DLOPEN.invokeExact(arena.allocateFrom(library), mode);
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }

    private static MethodHandle bind(String name, FunctionDescriptor signature) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().find(name).orElseThrow(), signature);
    }
}
