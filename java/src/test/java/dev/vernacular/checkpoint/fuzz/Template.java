package dev.vernacular.checkpoint.fuzz;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// A small valid file in parts. One of them can be changed and the file put together again, so that what
/// surrounds the part (lengths, checksums) fits: a change deep inside is then not stopped by the first check.
///
/// @param assembler puts the file together from the bytes of its parts
record Template(String name, List<Part> parts, Function<List<byte[]>, byte[]> assembler) {
    /// @param isText     tokens are changed too
    /// @param isConstant never changed: it would only repeat what another part tries
    record Part(String name, byte[] bytes, boolean isText, boolean isConstant) {
        static Part binary(String name, byte[] bytes) {
            return new Part(name, bytes, false, false);
        }

        static Part text(String name, byte[] bytes) {
            return new Part(name, bytes, true, false);
        }

        static Part constant(String name, byte[] bytes) {
            return new Part(name, bytes, false, true);
        }
    }

    /// A file that is changed as it is.
    static Template whole(String name, byte[] bytes) {
        return new Template(name, List.of(Part.binary("any byte", bytes)), List::getFirst);
    }

    static Template text(String name, byte[] bytes) {
        return new Template(name, List.of(Part.text("any token", bytes)), List::getFirst);
    }

    /// Numbers of the parts that change.
    Stream<Integer> partNumbers() {
        return IntStream.range(0, parts.size())
                .filter(part -> !parts.get(part).isConstant())
                .boxed();
    }

    boolean isText(int part) {
        return parts.get(part).isText();
    }

    /// The file with one part changed.
    byte[] with(int part, byte[] changed) {
        List<byte[]> bytes = new ArrayList<>();
        for (int i = 0; i < parts.size(); i++) {
            bytes.add(i == part ? changed : parts.get(i).bytes());
        }
        return assembler.apply(bytes);
    }

    /// The file as it is.
    byte[] valid() {
        return with(-1, new byte[0]);
    }

    /// The same parts inside something more.
    Template inside(String outer, Function<byte[], byte[]> wrapper) {
        return new Template(outer, parts, assembler.andThen(wrapper));
    }
}
