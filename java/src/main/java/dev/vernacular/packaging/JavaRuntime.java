package dev.vernacular.packaging;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.spi.ToolProvider;

/// A Java runtime with just the modules that a jar needs, by the JDK's own `jdeps` and `jlink`.
final class JavaRuntime {
    /// Named by libraries that try for them and go on without: Jackson's and picocli's converters for types that
    /// this program has none of. They are half of a runtime's size.
    private static final Set<String> UNUSED = Set.of("java.desktop", "java.sql");

    /// Reached by reflection or as a service, which `jdeps` does not see (the locale data are the demo's facts);
    /// logging is what the tests need that are run on hosts without a JDK.
    private static final Set<String> ALWAYS = Set.of("java.logging", "jdk.localedata", "jdk.unsupported");

    private JavaRuntime() {}

    /// @return the modules' names, in order
    static List<String> modulesOf(Path jar) {
        String feature = Integer.toString(Runtime.version().feature());
        String found = run("jdeps", "--print-module-deps", "--ignore-missing-deps", "--multi-release", feature, jar);
        Set<String> modules = new TreeSet<>(List.of(found.strip().split(",")));
        modules.removeAll(UNUSED);
        modules.addAll(ALWAYS);
        return List.copyOf(modules);
    }

    /// @param output a folder that does not exist yet
    static void link(List<String> modules, Path output) {
        run(
                "jlink",
                "--add-modules",
                String.join(",", modules),
                "--strip-debug",
                "--no-header-files",
                "--no-man-pages",
                "--output",
                output);
    }

    /// @return what the tool printed
    /// @throws PackagingException if this Java has no such tool, or with the tool's words if it fails
    private static String run(String name, Object... arguments) {
        ToolProvider tool = ToolProvider.findFirst(name)
                .orElseThrow(() -> new PackagingException("the Java that runs this, "
                        + System.getProperty("java.home") + ", has no " + name
                        + "\n  Start the program with a JDK instead of a runtime."));
        StringWriter output = new StringWriter();
        PrintWriter printer = new PrintWriter(output);
        List<String> words = new ArrayList<>();
        for (Object argument : arguments) {
            words.add(argument.toString());
        }
        if (tool.run(printer, printer, words.toArray(String[]::new)) != 0) {
            throw new PackagingException(name + " failed: " + output.toString().strip());
        }
        return output.toString();
    }
}
