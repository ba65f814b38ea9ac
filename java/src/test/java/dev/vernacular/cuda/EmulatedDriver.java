package dev.vernacular.cuda;

import dev.vernacular.kernels.Backend;
import dev.vernacular.kernels.Backends;
import dev.vernacular.kernels.KernelException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Assumptions;

/// The emulator's driver from a test's side: what it counted, and the variables that make it another machine, set
/// until this is closed.
public final class EmulatedDriver implements AutoCloseable {
    private static final String LIBRARY = "libcuda.so.1";
    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle SETENV = LINKER.downcallHandle(
            LINKER.defaultLookup().find("setenv").orElseThrow(),
            FunctionDescriptor.of(
                    ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
    private static final MethodHandle UNSETENV = LINKER.downcallHandle(
            LINKER.defaultLookup().find("unsetenv").orElseThrow(),
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS));
    private final Set<String> variables = new HashSet<>();

    /// Skips the test in a process that has a real driver.
    public EmulatedDriver() {
        try {
            Driver.emulated();
        } catch (KernelException e) {
            Assumptions.assumeFalse(e.getMessage().contains("already has NVIDIA's driver"), e.getMessage());
            throw e;
        }
    }

    /// The cuda-emulated backend.
    public Backend backend() {
        return Backends.open("cuda-emulated", 0, Optional.empty());
    }

    public EmulatedDriver with(String variable, String value) {
        variables.add(variable);
        try (Arena arena = Arena.ofConfined()) {
            int ignored = (int) SETENV.invokeExact(arena.allocateFrom(variable), arena.allocateFrom(value), 1);
            return this;
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }

    /// How often the driver's function was called; all of them for the empty name.
    public static long calls(String function) {
        try (Arena arena = Arena.ofConfined()) {
            return (long)
                    function("vn_emulator_driver_calls", ValueLayout.ADDRESS).invokeExact(arena.allocateFrom(function));
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }

    /// Of device memory and of pinned memory.
    static long liveBytes() {
        try {
            return (long) function("vn_emulator_live_bytes").invokeExact();
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }

    /// Counts graph launches from zero again.
    public EmulatedDriver fresh() {
        try {
            long ignored = (long) function("vn_emulator_reset").invokeExact();
            return this;
        } catch (Throwable t) {
            throw new AssertionError(t);
        }
    }

    private static MethodHandle function(String name, ValueLayout... parameters) {
        MemorySegment address = DynamicLinker.symbol(LIBRARY, name);
        return LINKER.downcallHandle(address, FunctionDescriptor.of(ValueLayout.JAVA_LONG, parameters));
    }

    @Override
    public void close() {
        for (String variable : variables) {
            try (Arena arena = Arena.ofConfined()) {
                int ignored = (int) UNSETENV.invokeExact(arena.allocateFrom(variable));
            } catch (Throwable t) {
                throw new AssertionError(t);
            }
        }
    }
}
